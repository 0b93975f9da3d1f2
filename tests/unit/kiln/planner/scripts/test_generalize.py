from __future__ import annotations

from kiln.planner.scripts import generalize


def test_deprovisioning_is_scheduled_outside_of_run_command_and_powers_off_only_after_success() -> None:
    script = generalize.linux_generalize()

    assert "systemd-run --unit=kiln-generalize" in script
    assert "waagent -force -deprovision+user" in script
    assert "&& kiln_scrub && rm -f /run/kiln-generalize.sh && systemctl poweroff" in script


def test_a_templates_own_deprovisioning_comes_instead_of_the_default() -> None:
    assert "if [ -f /tmp/DeprovisioningScript.sh ]; then kiln_scrub; sh -e" in generalize.linux_generalize()
    assert "''C:\\DeprovisioningScript.ps1''" in generalize.windows_generalize()


def test_windows_powers_off_only_once_it_is_generalized_and_without_the_build_user() -> None:
    script = generalize.windows_generalize()

    order = [
        "Remove-LocalUser",
        "''RdAgent''",
        "Sysprep.exe",
        "IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE",
        "Unregister-ScheduledTask -TaskName ''kiln-generalize''",
        "Stop-Computer",
        "Register-ScheduledTask -TaskName 'kiln-generalize'",
    ]
    places = [script.index(text) for text in order]
    assert places == sorted(places)
