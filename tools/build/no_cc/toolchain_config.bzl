"""The features of a C toolchain that compiles nothing: BUILD.bazel beside this says what for."""

_TOOLS = ["ar", "cpp", "dwp", "gcc", "gcov", "ld", "nm", "objcopy", "objdump", "strip"]

def _no_cc_toolchain_config_impl(ctx):
    return cc_common.create_cc_toolchain_config_info(
        ctx = ctx,
        toolchain_identifier = "no_cc",
        host_system_name = "local",
        target_system_name = "local",
        target_cpu = "k8",
        target_libc = "unknown",
        compiler = "none",
        abi_version = "unknown",
        abi_libc_version = "unknown",
        tool_paths = [struct(name = tool, path = "/bin/false", type_name = "tool_path") for tool in _TOOLS],
    )

no_cc_toolchain_config = rule(
    implementation = _no_cc_toolchain_config_impl,
    provides = [CcToolchainConfigInfo],
)
