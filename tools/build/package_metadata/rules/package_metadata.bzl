"""The part of @package_metadata that rules_go and gazelle's generated BUILD files use."""

load("//providers:package_metadata_info.bzl", "PackageMetadataInfo")

def _package_metadata_impl(ctx):
    file = ctx.actions.declare_file(ctx.label.name + ".json")
    ctx.actions.write(file, json.encode({"purl": ctx.attr.purl}))
    files = depset([file])
    return [
        DefaultInfo(files = files),
        PackageMetadataInfo(purl = ctx.attr.purl, metadata = file, attributes = {}, files = files),
    ]

_package_metadata = rule(
    implementation = _package_metadata_impl,
    attrs = {"purl": attr.string(mandatory = True)},
)

def package_metadata(name, purl, visibility = None, **_kwargs):
    """Says what the package is.

    Args:
      name: of the target.
      purl: package URL.
      visibility: of the target.
      **_kwargs: attributes that this part leaves out.
    """

    # The repositories that use it make it their own default, which would be a cycle.
    _package_metadata(name = name, purl = purl, visibility = visibility, applicable_licenses = [])
