"""Which versions of Kubernetes there are modules of. tools/godeps checks that the modules are of these, and in step."""

# The version that everything runs with unless it is asked for another. Its module is here, the others' are in v1.35 and so on.
KUBERNETES_VERSION = "1.37"

KUBERNETES_RELEASES = {
    "1.35": "v1.35.4",
    "1.36": "v1.36.3",
    "1.37": "v1.37.2",
}
