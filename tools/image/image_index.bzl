"""Images for several platforms under one name: README.md."""

load("@local_config_platform//:constraints.bzl", "HOST_CONSTRAINTS")
load(":providers.bzl", "ImageInfo", "image_providers")

_CONSTRAINTS = {
    "linux/amd64": ["@platforms//cpu:x86_64", "@platforms//os:linux"],
    "linux/arm64": ["@platforms//cpu:aarch64", "@platforms//os:linux"],
}

# What Bazel calls the platform of this machine, where no --platforms is given.
_HOST = ["bazel_tools//tools:host_platform", "local_config_platform//:host"]

def _label(platform, settings):
    """The platform to build for: the one that is built for anyway, if that is it, so that nothing is compiled twice."""
    current = settings["//command_line_option:platforms"]
    for_host = len(current) == 0 or str(current[0]).lstrip("@") in _HOST
    if for_host and sorted(_CONSTRAINTS[platform]) == sorted(HOST_CONSTRAINTS):
        return current
    return ["@io_bazel_rules_go//go/toolchain:" + platform.replace("/", "_")]

def _platforms_impl(settings, attr):
    return {
        platform: {"//command_line_option:platforms": _label(platform, settings)}
        for platform in attr.platforms
    }

_platforms = transition(
    implementation = _platforms_impl,
    inputs = ["//command_line_option:platforms"],
    outputs = ["//command_line_option:platforms"],
)

def _image_index_impl(ctx):
    images = {platform: target[ImageInfo] for platform, target in ctx.split_attr.image.items()}
    layouts = [image.layout for image in images.values()]
    layout = ctx.actions.declare_directory(ctx.label.name)
    digest = ctx.actions.declare_file(ctx.label.name + ".digest")
    args = ctx.actions.args()
    args.add("index")
    args.add_all([layout], before_each = "--layout", expand_directories = False)
    args.add("--digest", digest)
    for key, value in ctx.attr.annotations.items():
        args.add("--annotation", "%s=%s" % (key, value))
    args.add_all(layouts, expand_directories = False)
    ctx.actions.run(
        executable = ctx.executable._assemble,
        arguments = [args],
        inputs = layouts,
        outputs = [layout, digest],
        mnemonic = "ImageIndex",
        progress_message = "Assembling the image index %{label}",
    )
    return image_providers(layout, digest, depset(_referrers(ctx, images)))

def _referrers(ctx, images):
    """The artifacts of all images. In runfiles those of different platforms would have the same name."""
    referrers = []
    for platform, image in images.items():
        for referrer in image.referrers.to_list():
            output = ctx.actions.declare_directory("%s.%s/%s" % (ctx.label.name, platform.replace("/", "_"), referrer.basename))
            ctx.actions.symlink(output = output, target_file = referrer)
            referrers.append(output)
    return referrers

image_index = rule(
    implementation = _image_index_impl,
    doc = "An index: one image, built for several platforms.",
    attrs = {
        "annotations": attr.string_dict(doc = "Annotations of the index; those of the images are theirs."),
        "image": attr.label(mandatory = True, cfg = _platforms, providers = [ImageInfo], doc = "The image to build for each platform."),
        "platforms": attr.string_list(default = _CONSTRAINTS.keys(), doc = "linux/amd64, linux/arm64."),
        "_allowlist_function_transition": attr.label(default = "@bazel_tools//tools/allowlists/function_transition_allowlist"),
        "_assemble": attr.label(default = "//tools/image/assemble", executable = True, cfg = "exec"),
    },
)
