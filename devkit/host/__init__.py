"""The local Functions host: serves a Python v2 function app and runs its durable orchestrations on SQLite.

It follows what Azure's own host does (Azure/azure-functions-host, Azure/azure-functions-durable-extension and
Azure/durabletask), so that the same function_app.py runs here unchanged. It must not know what the app does.

Served: HTTP, Event Grid, timer, orchestration and activity triggers, durable clients. Refused at start-up with the
function's name: every other trigger or binding. Durable entities are refused too: they need their own state, inbox
and locking rules, and no function of Kiln is one. Auth levels of HTTP functions are not enforced, as under
`func start`; Event Grid's webhook wants its system key.
"""
