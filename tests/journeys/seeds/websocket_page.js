// Automatically connects to ws://localhost:8001/chat in dev
// or wss://yourdomain.com/ws/chat in production
const socket = window.asokWS('/chat');
socket.onmessage = (event) => {
console.log('Message from server:', event.data);
};
socket.send('Hello server!');
