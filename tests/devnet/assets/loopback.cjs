// Preloaded into tools that listen on every interface without asking: makes every listen of the
// process bind 127.0.0.1 only, whether the port is given as a number, a string or an option.
"use strict";
const net = require("node:net");

const LOOPBACK = "127.0.0.1";
const isPort = (value) => /^\d+$/.test(String(value));
const listen = net.Server.prototype.listen;

net.Server.prototype.listen = function (first, ...rest) {
  if (first !== null && typeof first === "object" && isPort(first.port)) {
    return listen.call(this, { ...first, host: LOOPBACK, ipv6Only: false }, ...rest);
  }
  if (isPort(first)) {
    const callback = rest.findLast((value) => typeof value === "function");
    return listen.call(this, { port: Number(first), host: LOOPBACK }, callback);
  }
  return listen.call(this, first, ...rest);
};
