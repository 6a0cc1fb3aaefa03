"""What rules of this directory tell each other."""

ImageInfo = provider(
    doc = "An image, or an index of images for several platforms.",
    fields = {
        "digest": "file with the digest, sha256:...",
        "layout": "directory: an OCI image layout of it",
        "modules": "list of Go modules of which it has data, for the SBOMs of images that are built on it",
        "referrers": "depset of directories: OCI image layouts of artifacts that refer to it, or to one of the index' images",
    },
)

def image_providers(layout, digest, referrers, modules = [], documents = []):
    """The providers of a rule that makes an image.

    Args:
      layout: directory.
      digest: file.
      referrers: depset of directories.
      modules: names of Go modules.
      documents: SPDX documents, for people.

    Returns:
      a list of providers.
    """
    return [
        DefaultInfo(files = depset([layout, digest] + documents)),
        OutputGroupInfo(
            digest = depset([digest]),
            layout = depset([layout]),
            sbom = depset(documents),
        ),
        ImageInfo(layout = layout, digest = digest, referrers = referrers, modules = modules),
    ]
