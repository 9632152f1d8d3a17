"""The bundled model: a tiny diffusers pipeline, trained on pictures that this folder renders itself. See README.md."""
