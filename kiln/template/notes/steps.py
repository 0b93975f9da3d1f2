"""Notes on customizers and validators."""

from __future__ import annotations

from kiln.template.customizers import (
    FileCustomizer,
    FileValidator,
    PowerShellCustomizer,
    PowerShellValidator,
    RestartCustomizer,
    ShellCustomizer,
    ShellValidator,
    Validate,
    WindowsRestartCustomizer,
    WindowsUpdateCustomizer,
)
from kiln.template.notes.note import Note, Notes

NAME = Note("A name for people, in the log and in errors")
CHECKSUM = Note(
    "SHA-256 in hexadecimal digits of the bytes that are fetched, verified when the template is submitted; empty for "
    "no check",
    "upper case is accepted, too, as `Get-FileHash` writes it",
)
FETCHED = "; fetched when the template is submitted, so a build uses the file of that time"
SCRIPT_URI = Note(
    "An http, https or blob URL (public, with a SAS, or read with the template's identity)" + FETCHED,
    "`data:` URLs are accepted, too",
)
POWER_SHELL = {
    "type": Note("`PowerShell`: a script on Windows"),
    "name": NAME,
    "inline": Note("The script's lines; exactly one of `inline` and `scriptUri`"),
    "scriptUri": SCRIPT_URI,
    "sha256Checksum": CHECKSUM,
    "runElevated": Note(
        "Runs the script elevated, as a local administrator",
        "`false` does the same: a script has more rights than with AIB's network logon",
    ),
    "runAsSystem": Note("Runs the script as the local system account; needs `runElevated`"),
    "validExitCodes": Note("The exit codes that count as success; if empty, only 0"),
}
UNIX = "; Windows' line ends become Unix'"
SHELL = {
    "type": Note("`Shell`: a script on Linux"),
    "name": NAME,
    "inline": Note(
        f"The script's lines, run by `/bin/sh -e`; exactly one of `inline` and `scriptUri`{UNIX}",
        "runs as root, while AIB's runs as a user with `sudo`; `sudo` in a script still works",
    ),
    "scriptUri": Note(
        f"{SCRIPT_URI.how}{UNIX} in what is run",
        f"{SCRIPT_URI.difference}; it runs as well where `/tmp` is mounted with noexec, and may be a program",
    ),
    "sha256Checksum": CHECKSUM,
}
FILE = {
    "type": Note("`File`: a file that is copied into the machine"),
    "name": NAME,
    "sourceUri": Note(
        f"{SCRIPT_URI.how}; copied byte for byte",
        f"required; any size, while AIB takes up to 20 MB; {SCRIPT_URI.difference}",
    ),
    "sha256Checksum": CHECKSUM,
    "destination": Note(
        "The absolute path of the file in the machine; its folder is created if it does not exist",
        "required; any absolute path on Linux, while AIB only writes below `/tmp`; no `..`",
    ),
}

NOTES: Notes = {
    ShellCustomizer: SHELL,
    PowerShellCustomizer: POWER_SHELL,
    FileCustomizer: FILE,
    WindowsRestartCustomizer: {
        "type": Note("`WindowsRestart`: a restart of Windows"),
        "name": NAME,
        "restartCommand": Note(
            "The command that restarts the machine; empty for a restart through Azure",
            'the default is a restart through Azure, not `shutdown /r /f /t 0 /c "packer restart"`',
        ),
        "restartCheckCommand": Note("A command that has to succeed after the restart; empty for none"),
        "restartTimeout": Note(
            "How long the restart may take, a number and a unit (`90s`, `5m`, `2h`); 5 minutes if empty",
            "compound durations such as `1h30m` are refused",
        ),
    },
    WindowsUpdateCustomizer: {
        "type": Note("`WindowsUpdate`: Windows updates in rounds, with restarts, until none is left"),
        "name": NAME,
        "searchCriteria": Note("The search for updates; `BrowseOnly=0 and IsInstalled=0` if empty"),
        "filters": Note("`include:` or `exclude:` and an expression on `$_`; the first one that is true decides"),
        "updateLimit": Note("The most updates of one round; 0 for 1000", "20 rounds at most"),
    },
    RestartCustomizer: {
        "type": Note("`Restart`: a restart of any operating system", "Kiln's own, at any api-version"),
        "name": Note(NAME.how, "Kiln's own"),
        "checkCommand": Note("A command that has to end with 0 after the restart; empty for none", "Kiln's own"),
        "timeout": Note("How long the restart may take; `10m` if left out", "Kiln's own"),
    },
    Validate: {
        "continueDistributeOnFailure": Note(
            "Distributes the image even if a validator failed; the run is Failed in either case"
        ),
        "sourceValidationOnly": Note(
            "Validates the source, in a machine that is made from it, and builds nothing",
            "`distribute` may then be an empty list",
        ),
        "inVMValidations": Note("The validators, in order; they run in a machine that is made from the image"),
    },
    ShellValidator: SHELL,
    PowerShellValidator: POWER_SHELL,
    FileValidator: FILE,
}
