"""ARM template files: their parameters, variables, expressions, loops and nested deployments, resolved offline.

Microsoft's "Azure Resource Manager templates" pages are the source of every rule here. It knows nothing of images.
"""
