"""The inside of Microsoft's worker: its messages, and the loop that hands them to it.

It must not know of Kiln, nor import anything of the repository: the app must not find more than is deployed.
"""
