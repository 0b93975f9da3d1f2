"""The local Azure: the part of Azure's management API that an image build calls, over HTTP, on this machine.

It owns a strict emulation of Azure's documented behaviour; it must not know Kiln, or it would share Kiln's mistakes.
"""
