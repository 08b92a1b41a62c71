import type { Room } from '../../src/room/room.js';
import { FakeEnvironment, generator } from './fake-environment.js';
import { userId } from './room-model.js';
import type { Scenario, Step } from './scenarios.js';
import { SimulatedClient } from './simulated-client.js';
import { SimulatedServer } from './simulated-server.js';
import { require } from './violation.js';

/** Clients' users: two tabs of one user, who administers the room, and another user. The third has no client. */
const users = [0, 0, 1];

/** Long enough for every wait of the library, with what the slowest handlers take. */
const maxHealingMs = 200_000;

/** A scenario: clients that use the library, a server, and everything that can go wrong between them. */
export class World {
  readonly #environment: FakeEnvironment;
  readonly #server: SimulatedServer;
  readonly #clients: SimulatedClient[];

  /** @param spoil breaks a promise of the server's, to see that the simulation notices */
  constructor(
    private readonly scenario: Scenario,
    private readonly spoil: (server: SimulatedServer) => void = () => undefined,
  ) {
    this.#environment = new FakeEnvironment(generator(scenario.seed));
    this.#server = new SimulatedServer(this.#environment, 3, scenario.retention);
    this.#clients = users.map(
      (user, index) =>
        new SimulatedClient(this.#server, `client ${index}`, user, scenario.manners[index] ?? 'prompt'),
    );
  }

  /** @throws {Violation} */
  async run(): Promise<void> {
    for (const client of this.#clients) client.join();
    for (const step of this.scenario.steps) {
      this.spoil(this.#server);
      this.#do(step);
      await this.#environment.advance(step.ms);
    }
    await this.#heal();
    for (const client of this.#clients) client.checkEnd();
    await this.#close();
  }

  #do({ kind, who, what }: Step): void {
    const server = this.#server;
    const { model } = server;
    const client = this.#clients[who]!;
    const { connection } = client;
    const trackId = model.trackIds[what % Math.max(1, model.trackIds.length)];
    const withTrack = (run: (room: Room, trackId: string) => Promise<unknown>) => {
      if (trackId !== undefined) client.command((room) => run(room, trackId));
    };
    switch (kind) {
      case 'vote':
        return withTrack((room, id) => room.vote(id));
      case 'unvote':
        return withTrack((room, id) => room.unvote(id));
      case 'move':
        return withTrack((room, id) => room.moveTrack(id, 1 + (what % 4)));
      case 'remove':
        return withTrack((room, id) => room.removeTrack(id));
      case 'playback':
        return client.command((room) => this.#playback(room, what, trackId));
      case 'rename_room':
        return client.command((room) => room.updateRoom({ name: `name ${what}` }));
      case 'settings': {
        const settings = {
          fair_turns: what % 2 === 0,
          fallback: what % 3 === 0 ? 'history' : 'off',
          repeat: (['off', 'track', 'queue'] as const)[what % 5] ?? 'off',
        } as const;
        return client.command((room) => room.updateRoom({ settings }));
      }
      case 'queue_again':
        return withTrack((room, id) => room.queueAgain(id));
      case 'end':
        return this.#change(() => model.end(server.now));
      case 'skip_vote':
        return this.#change(() => model.skipVote(userId(what % 3), 1 + (what % 2), server.now));
      case 'kick':
        if (what < 20) client.command((room) => room.kick(userId(1)));
        else if (what < 25) client.command((room) => room.ban(userId(1)));
        return;
      case 'leave':
        if (what < 10) {
          client.isLeaving = true;
          client.command((room) => room.leave());
        }
        return;
      case 'add':
        return this.#change(() => void model.add(userId(2), server.now));
      case 'change':
        return this.#change(() => this.#changeByOthers(what, trackId));
      case 'rename_user':
        return this.#change(() => model.rename(userId(what % 3), `name ${what}`));
      case 'rejoin':
        // With the library, or elsewhere.
        if (what % 2 === 0) return client.join();
        return this.#change(() => model.join(userId(users[who]!), server.now));
      case 'delete_room':
        if (what === 0 && model.administrator !== null) {
          this.#change(() => model.delete(model.administrator!));
        }
        return;
      case 'cut':
        return connection?.cut();
      case 'stall':
        return connection?.stall();
      case 'flow':
        return connection?.flow();
      case 'lose':
        return connection?.expect('lost');
      case 'double':
        return connection?.expect('doubled');
      case 'delay':
        return connection?.expect('late');
      case 'offline':
        client.isNetworkUp = false;
        client.rest.isUp = false;
        return connection?.cut();
      case 'online':
        client.isNetworkUp = true;
        client.rest.isUp = true;
        return this.#environment.wake(what % 2 === 0 ? 'online' : 'visible');
      case 'lossy_rest':
        client.rest.answerLoss = 0.5;
        return;
      case 'calm_rest':
        client.rest.answerLoss = 0;
        return;
      case 'close':
        return connection?.isOpen
          ? connection.close(what % 2 === 0 ? 'delivery_failed' : undefined)
          : undefined;
      case 'restart':
        return this.#restart(what * 100);
      case 'back_up':
        return server.backUp();
      case 'restore':
        if (!server.isDeleted) {
          this.#restart(what * 10);
          server.restore();
        }
        return;
      case 'expire_token':
        return client.expireToken();
      case 'sleep':
        return this.#environment.sleep(what * 1000);
    }
  }

  #playback(room: Room, what: number, trackId: string | undefined): Promise<unknown> {
    switch (what % 5) {
      case 0:
        return room.pause();
      case 1:
        return room.resume();
      case 2:
        return room.stop();
      case 3:
        return room.skip();
      default:
        return room.play(what % 2 === 0 ? trackId : undefined);
    }
  }

  #changeByOthers(what: number, trackId: string | undefined): void {
    const { model, now } = this.#server;
    const user = userId(2);
    if (trackId === undefined) model.add(user, now);
    else if (what % 3 === 0) model.skip(user, now);
    else model.vote(user, trackId, what % 3 === 1);
  }

  /** A change that the server makes without any of the clients; refusals do not matter. */
  #change(work: () => void): void {
    if (!this.#server.isUp || this.#server.isDeleted) return;
    try {
      this.#server.change(work);
    } catch {
      // Refused, as it may be.
    }
  }

  /** The process ends, and another one begins after a while. */
  #restart(ms: number): void {
    const server = this.#server;
    server.isUp = false;
    for (const connection of [...server.connections]) connection.close();
    this.#environment.setTimeout(() => (server.isUp = true), ms);
  }

  async #heal(): Promise<void> {
    await this.#environment.advance(10_000);
    this.#server.isUp = true;
    for (const client of this.#clients) {
      client.isNetworkUp = true;
      Object.assign(client.rest, { isUp: true, answerLoss: 0 });
      client.connection?.expect('none');
      client.connection?.flow();
    }
    await this.#untilDone();
    // A client notices that it has lost an event when the next one arrives.
    this.#change(() => this.#server.model.rename(userId(2), 'the last event'));
    await this.#untilDone();
  }

  /** Lets time pass until every client has what it needs, as far as one can see from here. */
  async #untilDone(): Promise<void> {
    const stepMs = 5_000;
    for (let ms = 0; ms < maxHealingMs; ms += stepMs) {
      await this.#environment.advance(stepMs);
      if (this.#clients.every((client) => client.isDone)) break;
    }
    // For what comes right after an event: confirmations, answers, timers.
    await this.#environment.advance(stepMs);
  }

  /** Nothing of a closed library goes on. */
  async #close(): Promise<void> {
    for (const client of this.#clients) client.roomcast.close();
    await this.#environment.advance(60_000);
    const { waiting, wakers } = this.#environment;
    require(waiting === 0 &&
      wakers === 0, `${waiting} timers and ${wakers} listeners are left when all is closed`);
    for (const [key, times] of this.#server.carriedOut) {
      require(times === 1 || this.#server.epochs.length > 1, `command ${key} was carried out ${times} times`);
    }
  }
}
