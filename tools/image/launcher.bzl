"""Targets that run a program of this directory with arguments of their own."""

_SCRIPT = """#!/bin/sh
# Written by tools/image/launcher.bzl. Paths of the user's are relative to where the user is.
runfiles=$0.runfiles
[ -d "$runfiles" ] || runfiles=${{RUNFILES_DIR:?}}
case $runfiles in /*) ;; *) runfiles=$PWD/$runfiles ;; esac
cd "${{BUILD_WORKING_DIRECTORY:-.}}" || exit
exec {command} "$@"
"""

def _quote(text):
    return "'" + text.replace("'", "'\\''") + "'"

def runfile(ctx, file):
    """A file as an argument for launch.

    Args:
      ctx: of the rule.
      file: that the program needs.

    Returns:
      a word of the script, which is where the file is.
    """
    path = file.short_path
    path = path[len("../"):] if path.startswith("../") else ctx.workspace_name + "/" + path
    return '"$runfiles"/' + _quote(path)

def flag(name, *words):
    """An argument --NAME=WORDS for launch, whose last word may be a runfile.

    Args:
      name: of the flag.
      *words: of runfile, or quoted by quoted.

    Returns:
      a word of the script.
    """
    return "--%s=%s" % (name, "".join(words))

quoted = _quote

def launch(ctx, program, arguments, files):
    """The providers of a target that runs a program.

    Args:
      ctx: of the rule.
      program: the executable.
      arguments: words of flag.
      files: that the program needs, besides itself.

    Returns:
      a list of providers.
    """
    script = ctx.actions.declare_file(ctx.label.name + "_/" + ctx.label.name)
    command = " ".join([runfile(ctx, program)] + arguments)
    ctx.actions.write(script, _SCRIPT.format(command = command), is_executable = True)
    return [DefaultInfo(
        executable = script,
        files = depset([script]),
        runfiles = ctx.runfiles([program] + files),
    )]
