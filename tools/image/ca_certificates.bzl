"""The certificate authorities that images trust."""

def _ca_certificates_impl(ctx):
    bundle = ctx.actions.declare_file(ctx.label.name + ".crt")
    args = ctx.actions.args()
    args.add("certificates")
    args.add("--output", bundle)
    ctx.actions.run(
        executable = ctx.executable._assemble,
        arguments = [args],
        outputs = [bundle],
        mnemonic = "CaCertificates",
    )
    return [DefaultInfo(files = depset([bundle]))]

ca_certificates = rule(
    implementation = _ca_certificates_impl,
    doc = "Mozilla's certificate authorities, as the Go project publishes them (golang.org/x/crypto/x509roots), in PEM.",
    attrs = {"_assemble": attr.label(default = "//tools/image/assemble", executable = True, cfg = "exec")},
)
