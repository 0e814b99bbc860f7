# Send to everyone on /chat
ws.broadcast("/chat", "Hello everyone!")
# Send JSON
ws.broadcast_json("/chat", {"type": "alert", "content": "System restart"})
# Exclude a specific connection (e.g., the sender)
ws.broadcast("/chat", "You sent a message", exclude=conn)
