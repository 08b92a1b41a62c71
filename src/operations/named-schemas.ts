import type { TSchema } from 'typebox';
import * as contract from '../contract/index.js';

type Json = unknown;

/** The contract's schemas that the documents refer to by name. */
const namedViews = {
  User: contract.User,
  Participant: contract.Participant,
  Track: contract.Track,
  Playback: contract.Playback,
  RoomSettings: contract.RoomSettings,
  Room: contract.Room,
  RoomSummary: contract.RoomSummary,
  RoomState: contract.RoomState,
  Invite: contract.Invite,
  Listener: contract.Listener,
  ListenerConnection: contract.ListenerConnection,
  EventReference: contract.EventReference,
  Metadata: contract.Metadata,
  ErrorBody: contract.ErrorBody,
} satisfies Record<string, TSchema>;

const plain = (schema: unknown): Json => JSON.parse(JSON.stringify(schema)) as Json;

/** Converts `track_voted` to `TrackVoted`. */
export const eventName = (type: contract.EventType): string =>
  type.replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase());

/**
 * Named schemas of a document. The contract's schemas are inlined objects without names; this class replaces each
 * occurrence of a named one by a reference, so that the documents are shorter and readable.
 */
export class NamedSchemas {
  readonly #names = new Map<string, string>();
  readonly #schemas: Record<string, Json> = {};

  constructor() {
    for (const [name, schema] of Object.entries(namedViews)) this.#add(name, schema);
    for (const type of contract.eventTypes) this.#add(eventName(type), contract.envelopeOf(type));
    this.#add('Event', contract.AnyEnvelope);
  }

  /** All named schemas, with references to each other. */
  get all(): Record<string, Json> {
    return Object.fromEntries(
      Object.entries(this.#schemas).map(([name, schema]) => [name, this.#referInside(schema)]),
    );
  }

  /** Replaces each occurrence of a named schema in a value by a reference. */
  refer(value: Json): Json {
    const name = isObject(value) ? this.#names.get(JSON.stringify(value)) : undefined;
    return name === undefined ? this.#referInside(value) : { $ref: `#/components/schemas/${name}` };
  }

  #add(name: string, schema: unknown): void {
    const json = plain(schema);
    this.#schemas[name] = json;
    this.#names.set(JSON.stringify(json), name);
  }

  #referInside(value: Json): Json {
    if (Array.isArray(value)) return value.map((item) => this.refer(item));
    if (!isObject(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, this.refer(item)]));
  }
}

const isObject = (value: Json): value is Record<string, Json> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
