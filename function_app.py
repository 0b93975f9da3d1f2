"""The Functions app, composed: every blueprint is registered here, and nothing is decided."""

import logging

import azure.durable_functions as df
import azure.functions as func

import activities
import orchestrators
import triggers
from kiln.redact import redact_logs

redact_logs()
logging.getLogger("azure").setLevel(logging.WARNING)  # azure-core logs every request and all of its headers at INFO
# A key would not tell who asks; triggers.admission does, and lets nobody in who may not.
app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)
for blueprint in (*triggers.blueprints, *orchestrators.blueprints, *activities.blueprints):
    app.register_functions(blueprint)
