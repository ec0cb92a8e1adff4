// Clients as Node has them, each pushing its whole body before it looks at the answer. Arguments: the port, how often,
// how many at once, and a JSON object with `client` (`http`, `fetch` or `socket`), `headers`, `size`, `magic` (hex) and
// `chunked`. Prints a JSON array with the status and body of each answer, or with the error that came instead.
import http from "node:http";
import net from "node:net";

const [port, times, together] = process.argv.slice(2, 5).map(Number);
const { client, headers, size, magic, chunked } = JSON.parse(process.argv[5]);
const body = Buffer.alloc(size);
Buffer.from(magic, "hex").copy(body);

function byHTTP() {
  return new Promise((resolve, reject) => {
    const described = chunked ? { "Transfer-Encoding": "chunked" } : { "Content-Length": size };
    const request = http.request(
      { host: "127.0.0.1", port, path: "/images", method: "POST", agent: false, headers: { ...headers, ...described } },
      (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (piece) => (text += piece));
        response.on("end", () => resolve({ status: response.statusCode, body: text }));
        response.on("error", reject);
      });
    request.on("error", reject);
    request.end(body);
  });
}

async function byFetch() {
  const source = chunked
    ? new ReadableStream({
        start(controller) {
          controller.enqueue(body);
          controller.close();
        },
      })
    : body;
  const response = await fetch(`http://127.0.0.1:${port}/images`, {
    method: "POST", headers, body: source, duplex: "half",
  });
  return { status: response.status, body: await response.text() };
}

// Reads nothing until its last byte is with the kernel.
function bySocket() {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, "127.0.0.1");
    socket.pause();
    socket.on("error", reject);
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join("");
    const described = chunked ? "Transfer-Encoding: chunked" : `Content-Length: ${size}`;
    socket.write(`POST /images HTTP/1.1\r\nHost: node.test\r\n${lines}${described}\r\n\r\n`);
    if (chunked) socket.write(`${size.toString(16)}\r\n`);
    socket.write(body);
    socket.write(chunked ? "\r\n0\r\n\r\n" : "", () => {
      let text = "";
      socket.setEncoding("utf8");
      socket.on("data", (piece) => (text += piece));
      socket.on("end", () => {
        socket.end();
        const [head, ...rest] = text.split("\r\n\r\n");
        resolve({ status: Number(head.split(" ")[1]), body: rest.join("\r\n\r\n") });
      });
      socket.resume();
    });
  });
}

const run = { http: byHTTP, fetch: byFetch, socket: bySocket }[client];
const answers = [];
let left = times;
async function worker() {
  while (left-- > 0) {
    try {
      answers.push(await run());
    } catch (error) {
      answers.push({ error: `${error} ${error.cause ?? ""}` });
    }
  }
}
await Promise.all(Array.from({ length: together }, worker));
console.log(JSON.stringify(answers));
