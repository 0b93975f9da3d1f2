"""What runs within Microsoft's worker: its messages, and the loop that hands them to it.

It must not know of Kiln, nor import anything of the repository: what is not deployed must not be there by accident.
"""
