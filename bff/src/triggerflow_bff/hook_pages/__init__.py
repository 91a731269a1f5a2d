"""Pages of forms and chats: what anybody with the address sees of a flow."""
