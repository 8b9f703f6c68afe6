// Finds a hall, books it, reads the last page of the bookings and gives it back, with a client made from the contract.
import createClient from "openapi-fetch";
import type { components, paths } from "./schema";

type Booking = components["schemas"]["Booking"];

const client = createClient<paths>({
  baseUrl: process.env.FALLOW_URL!,
  headers: { Authorization: `Bearer ${process.env.FALLOW_TOKEN}` },
});
const [starts_at, ends_at] = [process.env.STARTS_AT!, process.env.ENDS_AT!];

const { data: found, error: lost } = await client.GET("/v1/search", {
  params: { query: { postcode: "M33", category: "hall", starts_at, ends_at, within_m: 20000 } },
});
if (lost) throw new Error(`${lost.title}: ${lost.errors.map((each) => each.pointer).join()}`);
const match = found.items[0];
if (!match?.book) throw new Error("nothing is free");

const { data: booking, error: refused } = await client.POST("/v1/bookings", { body: match.book });
if (refused) {
  if (refused.type === "/problems/not-bookable") console.log(refused.occurrences?.[0]?.why_not[0]?.code);
  throw new Error(refused.detail);
}

let last: Booking[] = [];
let cursor: string | undefined;
do {
  const { data: page } = await client.GET("/v1/bookings", { params: { query: { order: "oldest", limit: 2, cursor } } });
  last = page!.items;
  cursor = page!.next ?? undefined;
} while (cursor);

const { data: ended } = await client.POST("/v1/bookings/{booking_id}/cancel", {
  params: { path: { booking_id: booking.id } },
  body: { all: true, note: "From TypeScript" },
});
console.log(JSON.stringify({ asset: match.asset.id, booking: booking.id, last: last.at(-1)?.id, state: ended?.state }));
