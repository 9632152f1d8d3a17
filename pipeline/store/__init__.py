"""A dataset on disk: shards, spool, manifest."""
