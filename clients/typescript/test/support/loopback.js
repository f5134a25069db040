import { createServer } from "node:http";
import { gunzipSync } from "node:zlib";

/**
 * @typedef {{ method: string, path: string, query: Record<string, string>,
 *   headers: import("node:http").IncomingHttpHeaders, body: string }} SeenRequest
 * @typedef {{ status: number, headers?: Record<string, string>, body: string }} Response
 * @typedef {(request: SeenRequest) => Response | "drop"} Responder
 */

/**
 * Serve on a loopback port until `close`; `respond` answers each request, or drops its connection.
 *
 * @param {Responder} respond
 */
export async function serve(respond) {
  const server = createServer(async (request, response) => {
    /** @type {Buffer[]} */
    const pieces = [];
    for await (const piece of request) pieces.push(piece);
    const found = respond(seen(request, Buffer.concat(pieces)));
    if (found === "drop") {
      request.socket.destroy();
      return;
    }
    response.sendDate = false;
    response.writeHead(found.status, found.headers);
    response.end(found.body);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(null)));
  const address = /** @type {import("node:net").AddressInfo} */ (server.address());
  return {
    url: `http://127.0.0.1:${address.port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      }),
  };
}

/**
 * @param {import("node:http").IncomingMessage} request
 * @param {Buffer} body
 * @returns {SeenRequest}
 */
function seen(request, body) {
  const [path = "", query = ""] = (request.url ?? "").split("?");
  const isPacked = request.headers["content-encoding"] === "gzip";
  return {
    method: request.method ?? "",
    path,
    query: Object.fromEntries(new URLSearchParams(query)),
    headers: request.headers,
    body: (isPacked ? gunzipSync(body) : body).toString(),
  };
}

/**
 * Return a receipt for each event of a request to `POST /v1/events`.
 *
 * @param {SeenRequest} request
 * @param {(event: any, index: number) => string} [status]
 * @returns {Response}
 */
export function receiptsFor(request, status = () => "accepted") {
  /** @type {any[]} */
  const events = JSON.parse(request.body);
  const receipts = events.map((it, index) => ({ index, id: it.id, status: status(it, index) }));
  const body = JSON.stringify({ success: true, receipts, as_of: "2024-02-01T00:00:00Z" });
  return { status: 200, body };
}

/** The answer to `GET /v1/keys/self`. */
export const OWN_KEY = {
  status: 200,
  body: JSON.stringify({ success: true, key: { tenant_id: "default", id_prefix: null } }),
};
