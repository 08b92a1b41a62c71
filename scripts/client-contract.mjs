// The types of what crosses the wire, as TypeScript declarations for the client library: client/src/contract.ts. They
// are generated from the contract's schemas, so that the library needs neither the server nor typebox, also for its
// types. Values are readonly, because the library shares them between its state and the handlers.

/** The schemas that have a name in the client library, besides the answers of REST and of socket messages. */
const views = [
  'User',
  'Participant',
  'TrackStatus',
  'Track',
  'PlaybackStatus',
  'Playback',
  'Visibility',
  'Permission',
  'RoomSettings',
  'Room',
  'RoomSummary',
  'RoomState',
  'RoomPreview',
  'Invite',
  'Metadata',
  'ListenerConnection',
  'Listener',
  'ListenerList',
  'DeliveryUser',
  'DeliveryReport',
];

/** @param contract the module src/contract, compiled. @returns {string} the file, not formatted */
export function clientContract(contract) {
  const { catalogue, eventTypes, errorCodes, socketMessages, rest } = contract;
  const named = new Map([[contract.AnyEnvelope, 'Envelope']]);
  const declarations = [];
  const declare = (name, schema) => {
    const known = named.get(schema);
    const text = known ?? typeOf(schema, named);
    if (!known) named.set(schema, name);
    const declaration = text.startsWith('{') ? `interface ${name} ${text}` : `type ${name} = ${text};`;
    declarations.push(`${comment(schema.description)}export ${declaration}`);
  };
  for (const name of views) declare(name, contract[name]);
  for (const [name, schema] of Object.entries(rest)) if (!views.includes(name)) declare(name, schema);

  const dataOf = (type) => {
    const { description, data } = catalogue[type];
    return `${comment(description)}readonly ${type}: ${typeOf(data, named)};`;
  };
  const answerOf = ([name, { description, answer }]) =>
    `${comment(description)}readonly ${name}: ${typeOf(answer, named)};`;
  return `
// Generated from src/contract by \`npm run documents\`; do not edit.

${declarations.join('\n\n')}

/** The fields of an event's \`data\` that are specific to its type. */
export interface EventDataByType {
${eventTypes.map(dataOf).join('\n')}
}

/** The names of all event types. */
export type EventType = keyof EventDataByType;

export type EventData<T extends EventType> = EventDataByType[T];

/** The fields that \`data\` has in every type. */
export type CommonData = ${typeOf({ type: 'object', properties: contract.commonData, required: Object.keys(contract.commonData) }, named)};

/** An event as it is received. */
export type Envelope<T extends EventType = EventType> = {
  [K in T]: {
    ${comment(contract.Id.description)}readonly event_id: string;
    readonly type: K;
    readonly data: CommonData & EventDataByType[K];
    readonly metadata: Metadata;
  };
}[T];

/** The acknowledgements of socket messages that succeed. */
export interface MessageAnswers {
${Object.entries(socketMessages).map(answerOf).join('\n')}
}

/** A reaction that \`react\` accepts. */
export type RoomReaction = ${contract.reactions.map(literal).join(' | ')};

/** What a listener's player is doing. */
export type SyncStatus = ${contract.syncStatuses.map(literal).join(' | ')};

/** The codes of refusals. They are stable; messages may change. */
export type ErrorCode =
${Object.entries(errorCodes)
  .map(([code, { description }]) => `${comment(description)}| ${literal(code)}`)
  .join('\n')};
`.trimStart();
}

const literal = (value) => (typeof value === 'string' ? `'${value}'` : JSON.stringify(value));
const comment = (text) => (text ? `/** ${text.replaceAll('*/', '*\\/')} */\n` : '');

/** The type of a schema; one that has a name is referred to by it. */
function typeOf(schema, named) {
  const name = named.get(schema);
  if (name) return name;
  if (schema.enum) return schema.enum.map(literal).join(' | ');
  if (schema.const !== undefined) return literal(schema.const);
  if (schema.anyOf) return schema.anyOf.map((item) => typeOf(item, named)).join(' | ');
  switch (schema.type) {
    case 'string':
    case 'boolean':
    case 'null':
      return schema.type;
    case 'integer':
    case 'number':
      return 'number';
    case 'array':
      return `readonly (${typeOf(schema.items, named)})[]`;
    case 'object':
      return objectOf(schema, named);
    case undefined:
      return 'unknown';
    default:
      throw new Error(`no TypeScript for ${JSON.stringify(schema)}`);
  }
}

/** The description of a field; that of a named type is at its declaration. */
function descriptionOf(schema, named) {
  if (named.has(schema)) return undefined;
  return schema.description ?? schema.anyOf?.map((item) => descriptionOf(item, named)).find(Boolean);
}

function objectOf({ properties, patternProperties, required = [] }, named) {
  if (patternProperties) {
    return `Readonly<Record<string, ${typeOf(Object.values(patternProperties)[0], named)}>>`;
  }
  const fields = Object.entries(properties).map(([key, schema]) => {
    const optional = required.includes(key) ? '' : '?';
    return `${comment(descriptionOf(schema, named))}readonly ${key}${optional}: ${typeOf(schema, named)};`;
  });
  return `{\n${fields.join('\n')}\n}`;
}
