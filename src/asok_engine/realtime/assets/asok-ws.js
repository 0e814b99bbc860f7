/* asokWS(path): opens a WebSocket to this application.

   const socket = asokWS("/chat");                       a WebSocket; send() may be called at once
   const socket = asokWS("/chat", { reconnect: true });  connects again by itself
   const socket = asokWS("/chat", { protocols: ["v1"], reconnect: { min: 500, max: 30000, silence: 25000 } });
*/
(function () {
  "use strict";

  // Where the server has its sockets is said by the element that loads this file.
  var told = document.currentScript ? document.currentScript.dataset : {};
  var MOST_QUEUED = 100;
  // Open for so long, a connection counts as good and the pauses begin anew.
  var GOOD_AFTER = 5000;
  // What the server sends to those who ask for it, because scripts see no pings.
  var SIGN = "\u0000";

  function address(path) {
    var scheme = location.protocol === "https:" ? "wss://" : "ws://";
    var rest = "/" + String(path).replace(/^\/+/, "");
    if (told.port) {
      return scheme + location.hostname + ":" + told.port + rest;
    }
    return scheme + location.host + (told.prefix || "") + rest;
  }

  function open(path, protocols, query) {
    var url = address(path);
    url += query ? (url.indexOf("?") < 0 ? "?" : "&") + query : "";
    return protocols ? new WebSocket(url, protocols) : new WebSocket(url);
  }

  // A plain WebSocket whose send() waits for the connection instead of throwing.
  function plain(path, protocols) {
    var socket = open(path, protocols);
    var waiting = [];
    socket.send = function (data) {
      if (socket.readyState === WebSocket.CONNECTING) {
        waiting.push(data);
      } else {
        WebSocket.prototype.send.call(socket, data);
      }
    };
    socket.addEventListener("open", function () {
      while (waiting.length) {
        WebSocket.prototype.send.call(socket, waiting.shift());
      }
    });
    return socket;
  }

  class Lasting extends EventTarget {
    #path;
    #protocols;
    #min;
    #max;
    #silence;
    #heard = 0;
    #socket = null;
    #timer = 0;
    #tries = 0;
    #ended = false;
    #waiting = [];
    #binaryType = "blob";

    onopen = null;
    onmessage = null;
    onclose = null;
    onerror = null;

    constructor(path, protocols, pauses) {
      super();
      this.#path = path;
      this.#protocols = protocols;
      this.#min = pauses.min || 500;
      this.#max = pauses.max || 30000;
      this.#silence = pauses.silence || 25000;
      this.#connect();
      window.addEventListener("online", () => this.#now());
      setInterval(() => this.#look(), 1000);
    }

    get readyState() {
      if (this.#ended) {
        return this.#socket ? this.#socket.readyState : WebSocket.CLOSED;
      }
      return this.#socket && this.#socket.readyState === WebSocket.OPEN ? WebSocket.OPEN : WebSocket.CONNECTING;
    }

    get url() {
      return address(this.#path);
    }

    get protocol() {
      return this.#socket ? this.#socket.protocol : "";
    }

    get bufferedAmount() {
      return this.#socket ? this.#socket.bufferedAmount : 0;
    }

    get binaryType() {
      return this.#binaryType;
    }

    set binaryType(type) {
      this.#binaryType = type;
      if (this.#socket) {
        this.#socket.binaryType = type;
      }
    }

    // What is sent while the connection is away goes out when it is back, the newest of it.
    send(data) {
      if (this.#socket && this.#socket.readyState === WebSocket.OPEN) {
        this.#socket.send(data);
      } else if (!this.#ended) {
        this.#waiting.push(data);
        if (this.#waiting.length > MOST_QUEUED) {
          this.#waiting.shift();
        }
      }
    }

    close(code, reason) {
      this.#ended = true;
      clearTimeout(this.#timer);
      if (this.#socket) {
        code === undefined ? this.#socket.close() : this.#socket.close(code, reason);
      }
    }

    #emit(event) {
      this.dispatchEvent(event);
      var handler = this["on" + event.type];
      if (typeof handler === "function") {
        handler.call(this, event);
      }
    }

    #connect() {
      clearTimeout(this.#timer);
      var seconds = (this.#silence / 2500).toFixed(1);
      var socket = (this.#socket = open(this.#path, this.#protocols, "_alive=" + seconds));
      var openedAt = 0;
      this.#heard = Date.now();
      socket.binaryType = this.#binaryType;
      socket.onopen = () => {
        openedAt = this.#heard = Date.now();
        var again = this.#tries > 0;
        while (this.#waiting.length && socket.readyState === WebSocket.OPEN) {
          socket.send(this.#waiting.shift());
        }
        var event = new Event("open");
        event.again = again;
        this.#emit(event);
      };
      socket.onmessage = (message) => {
        this.#heard = Date.now();
        if (message.data === SIGN) {
          return;
        }
        this.#emit(new MessageEvent("message", { data: message.data, origin: message.origin }));
      };
      socket.onerror = () => this.#emit(new Event("error"));
      socket.onclose = (closed) => {
        if (openedAt && Date.now() - openedAt > GOOD_AFTER) {
          this.#tries = 0;
        } else if (closed.code === 1008) {
          // The server will not have us, and asking again would not change that. A session that
          // ends later closes with 1008 as well; then the next handshake is another one.
          this.#ended = true;
        }
        var event = new CloseEvent("close", {
          code: closed.code,
          reason: closed.reason,
          wasClean: closed.wasClean,
        });
        event.reconnecting = !this.#ended;
        if (!this.#ended) {
          this.#later();
        }
        this.#emit(event);
      };
    }

    // A network that swallows everything closes nothing: who is not heard of any more is gone.
    #look() {
      var socket = this.#socket;
      var waits = socket && (socket.readyState === WebSocket.OPEN || socket.readyState === WebSocket.CONNECTING);
      if (this.#ended || !waits || Date.now() - this.#heard <= this.#silence) {
        return;
      }
      var closed = socket.onclose;
      socket.onopen = socket.onmessage = socket.onerror = socket.onclose = null;
      socket.close();
      this.#socket = null;
      closed(new CloseEvent("close", { code: 1006 }));
    }

    #later() {
      var pause = Math.min(this.#max, this.#min * Math.pow(2, Math.min(this.#tries, 16)));
      this.#tries += 1;
      // Jitter: a server that has started again does not get everybody in the same moment.
      this.#timer = setTimeout(() => this.#connect(), pause * (0.5 + Math.random() / 2));
    }

    #now() {
      if (!this.#ended && (!this.#socket || this.#socket.readyState === WebSocket.CLOSED)) {
        this.#connect();
      }
    }
  }

  window.asokWS = function (path, options) {
    var wanted = options || {};
    if (wanted.reconnect) {
      return new Lasting(path, wanted.protocols, wanted.reconnect === true ? {} : wanted.reconnect);
    }
    return plain(path, wanted.protocols);
  };
})();
