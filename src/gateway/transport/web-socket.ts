import type { Socket as EngineConnection } from 'engine.io';
import type { WebSocket } from 'ws';

/**
 * The WebSocket of a connection, for the public methods of `ws` that Engine.IO does not offer. Undefined for long
 * polling, and if a version of Engine.IO keeps it elsewhere: connections are then closed through Engine.IO.
 */
export const webSocketOf = ({ transport }: EngineConnection): WebSocket | undefined =>
  (transport as unknown as { socket?: WebSocket }).socket;
