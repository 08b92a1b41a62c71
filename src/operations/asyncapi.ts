import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import type { TSchema } from 'typebox';
import {
  catalogue,
  Confirmation,
  errorCodes,
  type ErrorCode,
  type EventType,
  eventTypes,
  LobbyAuth,
  lobbyRefusals,
  MessageFailure,
  priorities,
  Refusal,
  RoomAuth,
  roomRefusals,
  socketMessages,
  type SocketMessage,
} from '../contract/index.js';
import { GatewayModule } from '../gateway/gateway.module.js';
import { messagePayloads } from '../gateway/messages.dto.js';
import { eventName, NamedSchemas } from './named-schemas.js';

type Json = Record<string, unknown>;

/** Whether a type is sent in a namespace. `error` is sent in both; types for one connection are sent in rooms. */
const goesTo = (type: EventType, namespace: 'room' | 'lobby'): boolean => {
  const audience: readonly string[] = catalogue[type].audience;
  if (type === 'error') return true;
  return audience.includes(namespace) || (namespace === 'room' && audience.includes('connection'));
};

/** The AsyncAPI document, generated from the event catalogue and the DTOs of the messages. */
export function asyncApiDocument(app: INestApplication): Json {
  const named = new NamedSchemas();
  const schema = (value: TSchema): unknown => named.refer(JSON.parse(JSON.stringify(value)));
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Roomcast',
      version: '1',
      license: { name: 'MIT', url: 'https://opensource.org/license/mit' },
      description: [
        'The events of rooms, over Socket.IO 4 (any client; the default parser). Each room is a namespace; `/` is the lobby.',
        'Every event is emitted under the name of its type with the envelope as its only argument. An event whose `metadata.requires_confirmation` is true has an acknowledgement: the client confirms the event by calling it, without an argument or with a `Confirmation`.',
        'Every message from a client is acknowledged: with its answer, which has `ok: true`, or with a `Failure`.',
        'A refused handshake is reported as `connect_error` with a `Refusal` as its `data`.',
        'Times are Unix seconds with a fraction, positions and durations are seconds, ids are UUIDs. The REST API is described at `/api/openapi.json`.',
      ].join('\n\n'),
    },
    defaultContentType: 'application/json',
    servers: {
      self: { host: 'localhost:3000', protocol: 'ws', pathname: '/socket.io/', description: 'Socket.IO 4' },
    },
    channels: {
      room: {
        address: '/rooms/{room_id}',
        title: 'A room',
        description:
          'The first event is `connection_established` with the complete state of the room as of its `sequence`. If `after_sequence` was given and the log still holds every event after it, exactly the missed events follow (`resumed: true`). Then live events follow, without a gap.',
        parameters: { room_id: { description: 'UUID of the room; the caller must be its participant' } },
        messages: channelMessages('room'),
        bindings: handshake(RoomAuth, schema),
        'x-refusals': described(roomRefusals),
      },
      lobby: {
        address: '/',
        title: 'The lobby',
        description:
          'Announces created, changed and deleted public rooms and the status of the server. Nothing here is logged or replayed.',
        messages: channelMessages('lobby'),
        bindings: handshake(LobbyAuth, schema),
        'x-refusals': described(lobbyRefusals),
      },
    },
    operations: { ...operationsOf('room'), ...operationsOf('lobby') },
    components: {
      messages: {
        ...Object.fromEntries(eventTypes.map((type) => [type, eventMessage(type)])),
        ...clientMessages(app, schema),
        confirmation: {
          name: 'confirmation',
          summary: 'Confirms an event that requires it; may be empty.',
          payload: { $ref: '#/components/schemas/Confirmation' },
        },
      },
      schemas: {
        ...named.all,
        Confirmation: schema(Confirmation),
        Failure: schema(MessageFailure),
        Refusal: schema(Refusal),
      },
    },
    'x-priorities': priorities,
    'x-error-codes': described(Object.keys(errorCodes) as ErrorCode[]),
  };
}

function channelMessages(namespace: 'room' | 'lobby'): Json {
  const events = eventTypes.filter((type) => goesTo(type, namespace));
  const accepted = acceptedBy(namespace);
  const names = [...events, ...accepted.flatMap((name) => [name, `${name}_answer`])];
  if (events.some(isConfirmed)) names.push('confirmation');
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/messages/${name}` }]));
}

function clientMessages(app: INestApplication, schema: (value: TSchema) => unknown): Json {
  const written: Json = {};
  const payloads = payloadSchemas(app);
  for (const [name, { description, answer }] of Object.entries(socketMessages)) {
    written[name] = { name, summary: description, payload: payloads[name as SocketMessage] };
    written[`${name}_answer`] = {
      name: `${name}_answer`,
      summary: `Acknowledges \`${name}\`.`,
      payload: { anyOf: [schema(answer), { $ref: '#/components/schemas/Failure' }] },
    };
  }
  return written;
}

/** JSON Schemas of what clients send, from the DTOs that validate it. */
function payloadSchemas(app: INestApplication): Record<SocketMessage, unknown> {
  const extraModels = Object.values(messagePayloads).filter((dto) => dto !== null);
  // A module without REST routes, so that the document holds the DTOs' schemas alone.
  const options = { include: [GatewayModule], extraModels };
  const { components } = SwaggerModule.createDocument(app, new DocumentBuilder().build(), options);
  const schemaOf = (dto: { name: string } | null) =>
    dto ? components?.schemas?.[dto.name] : { type: 'object', properties: {} };
  return Object.fromEntries(
    Object.entries(messagePayloads).map(([name, dto]) => [name, schemaOf(dto)]),
  ) as Record<SocketMessage, unknown>;
}

/** The client messages that a namespace accepts. */
const acceptedBy = (namespace: 'room' | 'lobby'): SocketMessage[] =>
  (Object.keys(socketMessages) as SocketMessage[]).filter(
    (name) => namespace === 'room' || socketMessages[name].lobby,
  );

const isConfirmed = (type: EventType): boolean => priorities[catalogue[type].priority].confirmed;

function operationsOf(namespace: 'room' | 'lobby'): Json {
  const channel = { $ref: `#/channels/${namespace}` };
  const message = (name: string) => ({ $ref: `#/channels/${namespace}/messages/${name}` });
  const operations: Json = {};
  for (const type of eventTypes.filter((candidate) => goesTo(candidate, namespace))) {
    operations[`${namespace}_${type}`] = {
      action: 'send',
      channel,
      summary: catalogue[type].description,
      messages: [message(type)],
      ...(isConfirmed(type) ? { reply: { channel, messages: [message('confirmation')] } } : {}),
    };
  }
  for (const name of acceptedBy(namespace)) {
    operations[`${namespace}_${name}`] = {
      action: 'receive',
      channel,
      summary: socketMessages[name].description,
      messages: [message(name)],
      reply: { channel, messages: [message(`${name}_answer`)] },
    };
  }
  return operations;
}

function eventMessage(type: EventType): Json {
  const { priority, lobbyPriority, group, audience, logged, description } = catalogue[type];
  return {
    name: type,
    title: eventName(type),
    summary: description,
    tags: [{ name: group }],
    payload: { $ref: `#/components/schemas/${eventName(type)}` },
    'x-priority': priority,
    ...(lobbyPriority === priority ? {} : { 'x-priority-in-lobby': lobbyPriority }),
    'x-audience': audience,
    // The lobby has no log.
    'x-logged': logged && (audience as readonly string[]).includes('room'),
    'x-requires-confirmation': isConfirmed(type),
  };
}

/** AsyncAPI has no binding for Socket.IO; the `auth` of its handshake is an extension of the WebSocket binding. */
const handshake = (auth: TSchema, schema: (value: TSchema) => unknown): Json => ({
  ws: { bindingVersion: '0.1.0', 'x-socketio-auth': schema(auth) },
});

const described = (codes: readonly ErrorCode[]): Json =>
  Object.fromEntries(codes.map((code) => [code, errorCodes[code].description]));
