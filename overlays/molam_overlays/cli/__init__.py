"""The command ``molam``. Needs the extra `cli`; `molam_overlays.product.run` says so without it."""
