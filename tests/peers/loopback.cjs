// kinesis-local and kinesalite listen on all interfaces and have no option for it. Loaded with node --require, this puts
// every TCP listener on 127.0.0.1, so that a test run is not open to the network.
const net = require('net');

const listen = net.Server.prototype.listen;

net.Server.prototype.listen = function (where, ...rest) {
  const options = where !== null && typeof where === 'object' ? where : { port: where };
  const ready = rest.find((argument) => typeof argument === 'function');
  return listen.call(this, { ...options, host: '127.0.0.1' }, ready);
};
