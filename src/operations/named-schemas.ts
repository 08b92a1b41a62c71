import type { TSchema } from 'typebox';
import * as contract from '../contract/index.js';

type Json = unknown;

/** The contract's schemas that documents show by name instead of repeating them. */
const views = {
  User: contract.User,
  Participant: contract.Participant,
  Track: contract.Track,
  Playback: contract.Playback,
  RoomSettings: contract.RoomSettings,
  Room: contract.Room,
  RoomSummary: contract.RoomSummary,
  RoomState: contract.RoomState,
  Invite: contract.Invite,
  Metadata: contract.Metadata,
  ErrorBody: contract.ErrorBody,
} satisfies Record<string, TSchema>;

const plain = (schema: unknown): Json => JSON.parse(JSON.stringify(schema)) as Json;

/** `track_voted` becomes `TrackVoted`. */
export const eventName = (type: contract.EventType): string =>
  type.replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase());

/**
 * Schemas by name, and a way to put references to them into a document wherever it says the same: the contract
 * is written without names, and a reader wants them.
 */
export class NamedSchemas {
  readonly #names = new Map<string, string>();
  readonly #schemas: Record<string, Json> = {};

  constructor() {
    for (const [name, schema] of Object.entries(views)) this.#add(name, schema);
    for (const type of contract.eventTypes) this.#add(eventName(type), contract.envelopeOf(type));
    this.#add('Event', contract.AnyEnvelope);
  }

  /** All of them, referring to each other. */
  get all(): Record<string, Json> {
    return Object.fromEntries(
      Object.entries(this.#schemas).map(([name, schema]) => [name, this.#inside(schema)]),
    );
  }

  /** The same document, shorter. */
  refer(value: Json): Json {
    const name = isObject(value) ? this.#names.get(JSON.stringify(value)) : undefined;
    return name === undefined ? this.#inside(value) : { $ref: `#/components/schemas/${name}` };
  }

  #add(name: string, schema: unknown): void {
    const written = plain(schema);
    this.#schemas[name] = written;
    this.#names.set(JSON.stringify(written), name);
  }

  #inside(value: Json): Json {
    if (Array.isArray(value)) return value.map((item) => this.refer(item));
    if (!isObject(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, this.refer(item)]));
  }
}

const isObject = (value: Json): value is Record<string, Json> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
