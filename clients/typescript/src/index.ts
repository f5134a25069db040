export * from "./public.js";
export { Tollbook } from "./node_client.js";
