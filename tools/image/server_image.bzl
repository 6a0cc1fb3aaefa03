"""Everything about the image of an API server, in one call."""

load(":image.bzl", "image")
load(":image_index.bzl", "image_index")
load(":image_load.bzl", "image_load")
load(":image_push.bzl", "image_push")
load(":image_test.bzl", "image_test")

_SOURCE = "https://example.com/annex"

def server_image(name, binary, max_megabytes = 40):
    """The image of an API server: static, without a shell, for the user 65532, and for a read-only root.

    It makes, in the package of the server:

      NAME         the image, for the platform that is built for
      NAME_test    what holds for all such images
      index        for linux/amd64 and linux/arm64 (manual: it compiles the server twice)
      load         bazel run: into docker, podman, kind or a file
      push         bazel run: publishes the image, for the platform that is built for
      push_index   bazel run: publishes the index (manual)

    Args:
      name: of the image.
      binary: the server. Its name is the image's name in registries.
      max_megabytes: how large the image may become, compressed.
    """
    server = native.package_relative_label(binary).name
    program = "/usr/bin/" + server
    annotations = {
        "org.opencontainers.image.source": _SOURCE,
        "org.opencontainers.image.title": server,
    }
    image(
        name = name,
        annotations = annotations,
        base = "//tools/image/base",
        binary = binary,
        binary_path = program,
        visibility = ["//visibility:public"],
    )
    image_test(
        name = name + "_test",
        size = "small",
        # What a shell, a package manager or a dynamic linker would need.
        absent = [
            "/bin",
            "/lib",
            "/lib64",
            "/sbin",
            "/usr/lib",
        ],
        annotations = annotations,
        entrypoint = [program],
        env = {"PATH": "/usr/bin"},
        files = {
            "/etc/group": "0644",
            "/etc/passwd": "0644",
            "/etc/ssl/certs/ca-certificates.crt": "0644",
            "/tmp": "01777",
            program: "0755",
        },
        image = name,
        max_megabytes = max_megabytes,
        user = "65532:65532",
        working_dir = "/",
    )
    image_index(
        name = "index",
        annotations = annotations,
        image = name,
        tags = ["manual"],
        visibility = ["//visibility:public"],
    )
    image_load(
        name = "load",
        image = name,
        tag = "example.com/annex/%s:development" % server,
    )
    image_push(
        name = "push",
        images = {name: server},
    )
    image_push(
        name = "push_index",
        images = {"index": server},
        tags = ["manual"],
    )
