"""The provider that @package_metadata's rule gives: what a package is and where it comes from."""

PackageMetadataInfo = provider(
    doc = "What a package is.",
    fields = {
        "attributes": "always empty here",
        "files": "depset of the metadata file",
        "metadata": "a JSON file with the package URL",
        "purl": "the package URL, https://github.com/package-url",
    },
)
