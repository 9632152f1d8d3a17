"""What is asked for: vocabulary -> spec -> grid -> plan -> prompts. Pure; no torch, no Prefect."""
