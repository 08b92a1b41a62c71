import type { RoomSettings } from '../../src/contract.js';
import { networkError } from '../../src/http/request.js';
import type { request } from '../../src/http/request.js';
import { RoomcastError } from '../../src/errors.js';
import { Refused } from './room-model.js';
import type { SimulatedServer } from './simulated-server.js';

/** How a client's requests fare. */
export interface RestNetwork {
  /** Whether requests reach the server at all. */
  isUp: boolean;
  /** Chance that an answer is lost after the command was carried out. */
  answerLoss: number;
  maxDelayMs: number;
}

type Send = typeof request;

/** Requests to the simulated server. */
export const simulatedRest = (server: SimulatedServer, userId: string, network: RestNetwork): Send => {
  const { environment, model } = server;
  const delay = () =>
    new Promise<void>((resolve) =>
      environment.setTimeout(resolve, environment.random() * network.maxDelayMs),
    );
  const run = (method: string, path: string, body: unknown) => () => {
    const [, kind, id, action, more] = path.split(/[/?]/);
    const fields = (body ?? {}) as {
      track_id?: string;
      queue_position: number;
      position: number;
      name?: string;
      settings?: Partial<RoomSettings>;
    };
    const { now } = server;
    switch (`${method} ${kind} ${action ?? ''}`) {
      case 'POST rooms join':
        return model.join(userId, now);
      case 'DELETE rooms leave':
        return model.removeUser(userId, 'left');
      case 'POST tracks vote':
        return model.vote(userId, id!, true);
      case 'DELETE tracks vote':
        return model.vote(userId, id!, false);
      case 'DELETE tracks ':
        return model.remove(userId, id!, now);
      case 'POST tracks queue':
        return model.addAgain(userId, id!, now);
      case 'PUT rooms queue':
        return model.place(userId, fields.track_id!, fields.queue_position);
      case 'PATCH rooms ':
        return model.update(userId, fields.name, fields.settings);
      case 'DELETE rooms participants':
        return model.kick(userId, more!, path.endsWith('ban=true'));
      case 'DELETE rooms ':
        return model.delete(userId);
      case 'POST rooms playback':
        return playback(more!, fields.track_id);
      default:
        throw new Error(`${method} ${path} is not simulated`);
    }
  };
  const playback = (command: string, trackId: string | undefined) => {
    if (command === 'start') model.play(userId, trackId, server.now);
    else if (command === 'pause') model.pause(userId, server.now);
    else if (command === 'resume') model.resume(userId, server.now);
    else if (command === 'stop') model.stop(userId);
    else model.skip(userId, server.now);
  };
  return async <T>(...[, method, path, options]: Parameters<Send>): Promise<T> => {
    await delay();
    if (!network.isUp) throw networkError(path, undefined, options?.signal);
    let answer: unknown;
    let refusal: Refused | undefined;
    try {
      const key = options!.headers!['idempotency-key']!;
      answer = server.command(options!.token!, key, run(method, path, options!.body));
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      refusal = error;
    }
    await delay();
    if (!network.isUp || environment.random() < network.answerLoss) {
      throw networkError(path, undefined, options?.signal);
    }
    if (refusal) throw new RoomcastError(refusal.code, refusal.code, { status: refusal.status });
    return { room: { id: path.split('/')[2] }, ...(answer as object) } as T;
  };
};
