"""The hand-written runtime of the Molam SDK. Import `molam_sdk`, not this package."""
