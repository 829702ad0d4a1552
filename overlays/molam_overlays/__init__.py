"""The hand-written inside of the Molam SDK. Import `molam_sdk`, never this package.

`molam_sdk` is emitted from the API document and hands out all that is public; what stands here serves it
and may be renamed or removed with any release. The two are one distribution, `molam-sdk-python`, and always
of one version.
"""
