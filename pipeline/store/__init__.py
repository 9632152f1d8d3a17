"""A dataset on disk: shards that appear whole, the manifest that names them, and what checks them."""
