import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Envelope } from '../src/contract/index.js';
import { expectValid } from './support/answers.js';
import { guest, type Person, person, roomOf, stateOf } from './support/api.js';
import { describeOnEachDatabase } from './support/each-database.js';
import { listen, listenToLobby, type Listener } from './support/listener.js';

let names = 0;

describeOnEachDatabase((on) => {
  let url: string;
  let ada: Person;
  let bob: Person;
  beforeEach(async () => {
    ({ url } = on.server());
    [ada, bob] = [await guest(url, 'ada'), await guest(url, 'bob')];
  });

  const logOf = async (who: Person, roomId: string): Promise<Envelope[]> =>
    (await who.get(`/rooms/${roomId}/events?limit=1000`)).body.events;
  /** Registers a guest. @returns them as registered */
  async function register(who: Person): Promise<Person> {
    const username = `Registered ${++names} ${who.token.length}`;
    const { status, body } = await who.post('/auth/register', { username, password: 'correct horse' });
    expect(status).toBe(201);
    return person(url, body.token, body.user);
  }
  /** A public room that shows in the lobby that all earlier events have arrived there. */
  async function settled(lobby: Listener): Promise<void> {
    const { id } = await roomOf(ada);
    await lobby.next('room_created', ({ data }) => data.room.id === id);
  }
  const about = (lobby: Listener, roomId: string) =>
    lobby.events.filter(({ data }) => data.room_id === roomId);

  describe('room_state_updated', () => {
    it('is logged: a client that was away is replayed it', async () => {
      const { id } = await roomOf(ada, [bob]);
      const first = await listen(url, bob, id);
      const { sequence, epoch } = first.ofType('connection_established')[0]!.data;
      first.close();
      const { body } = await ada.patch(`/rooms/${id}`, {
        name: 'Renamed',
        settings: { vote: 'administrator' },
      });
      const back = await listen(url, bob, id, { afterSequence: sequence, epoch, state: 'when_needed' });
      const updated = await back.next('room_state_updated');
      expect(updated).toMatchObject({
        data: { room: body.room },
        metadata: { priority: 'high', requires_confirmation: false, sequence: body.event.sequence },
      });
      expectValid(back.events);
      back.close();
    });

    it('is raised for each change of name, visibility, settings and administrator, in the order of the changes', async () => {
      const { id } = await roomOf(ada, [bob]);
      const changes = [
        { name: 'One' },
        { visibility: 'private' },
        { settings: { upload: 'administrator' } },
        { settings: { playback_control: 'everyone', vote: 'administrator' } },
      ];
      for (const change of changes) await ada.patch(`/rooms/${id}`, change);
      await ada.delete(`/rooms/${id}/leave`);
      const rooms = (await logOf(bob, id))
        .filter((event): event is Envelope<'room_state_updated'> => event.type === 'room_state_updated')
        .map(({ data }) => data.room);
      expect(rooms).toHaveLength(changes.length + 1);
      expect(rooms[0]).toMatchObject({ name: 'One', visibility: 'public' });
      expect(rooms[1]).toMatchObject({ name: 'One', visibility: 'private' });
      expect(rooms[2]!.settings).toMatchObject({
        playback_control: 'administrator',
        upload: 'administrator',
        vote: 'everyone',
      });
      expect(rooms.at(-1)).toMatchObject({ administrator: bob.user });
      expect((await stateOf(bob, id)).room).toMatchObject(rooms.at(-1)!);
    });

    it('of a public room is copied to the lobby, without a sequence and with normal priority', async () => {
      const lobby = await listenToLobby(url, bob);
      const { id } = await roomOf(ada);
      const { body } = await ada.patch(`/rooms/${id}`, { name: 'Renamed' });
      await settled(lobby);
      const [created, copy, ...more] = about(lobby, id);
      expect([created!.type, more]).toEqual(['room_created', []]);
      expect(copy).toMatchObject({
        type: 'room_state_updated',
        data: { room: body.room },
        metadata: { priority: 'normal', requires_confirmation: false },
      });
      expect(copy!.metadata.sequence).toBeUndefined();
      expectValid(lobby.events);
      lobby.close();
    });

    it('of a private room is not copied to the lobby', async () => {
      const lobby = await listenToLobby(url, bob);
      const { id } = await roomOf(ada, [], { visibility: 'private' });
      await ada.patch(`/rooms/${id}`, { name: 'Renamed' });
      await settled(lobby);
      expect(about(lobby, id)).toEqual([]);
      lobby.close();
    });
  });

  describe('the lobby', () => {
    it('receives room_deleted for a room that becomes private, as it was, and room_created for one that becomes public', async () => {
      const lobby = await listenToLobby(url, bob);
      const room = await roomOf(ada);
      await ada.patch(`/rooms/${room.id}`, { visibility: 'private', name: 'Secret' });
      await ada.patch(`/rooms/${room.id}`, { name: 'Still secret' });
      const hers = await listen(url, ada, room.id);
      const { body } = await ada.patch(`/rooms/${room.id}`, { visibility: 'public', name: 'Open' });
      await settled(lobby);
      const events = about(lobby, room.id);
      expect(events.map(({ type }) => type)).toEqual(['room_created', 'room_deleted', 'room_created']);
      expect(events[1]).toMatchObject({ data: { room, user: ada.user }, metadata: { priority: 'critical' } });
      expect(events[2]!.data).toMatchObject({
        room: { ...body.room, participant_count: 1, online_count: 1 },
      });
      expect(JSON.stringify(events.slice(0, 2))).not.toContain('ecret');
      expectValid(lobby.events);
      // In the room itself nothing ended.
      expect(hers.ofType('room_deleted')).toEqual([]);
      expect(hers.socket.connected).toBe(true);
      for (const listener of [lobby, hers]) listener.close();
    });
  });

  describe('user_updated', () => {
    it('is raised in every room of a guest who registers, and in no other', async () => {
      const rooms = [await roomOf(ada, [bob]), await roomOf(ada, [bob]), await roomOf(bob, [ada])];
      const left = await roomOf(ada, [bob]);
      await bob.delete(`/rooms/${left.id}/leave`);
      const hers = await listen(url, ada, rooms[0]!.id);
      const he = await register(bob);
      const updated = await hers.next('user_updated');
      expect(updated).toMatchObject({
        data: { user: he.user, previous_username: 'bob' },
        metadata: { priority: 'high', requires_confirmation: false, sequence: expect.any(Number) },
      });
      expectValid(hers.events);
      for (const { id } of rooms) {
        const events = (await logOf(ada, id)).filter(({ type }) => type === 'user_updated');
        expect(events.map(({ data }) => data)).toMatchObject([{ user: he.user, previous_username: 'bob' }]);
        expect((await stateOf(ada, id)).room.participants).toContainEqual(expect.objectContaining(he.user));
      }
      expect((await logOf(ada, left.id)).map(({ type }) => type)).not.toContain('user_updated');
      hers.close();
    });

    it('of the administrator comes with the state of the room, in the lobby too', async () => {
      const lobby = await listenToLobby(url, ada);
      const { id } = await roomOf(bob, [ada]);
      const he = await register(bob);
      const events = (await logOf(ada, id)).slice(-2);
      expect(events.map(({ type }) => type)).toEqual(['user_updated', 'room_state_updated']);
      const copy = await lobby.next('room_state_updated', ({ data }) => data.room_id === id);
      for (const { data } of [events[1]!, copy]) {
        expect(data).toMatchObject({ room: { administrator: he.user } });
      }
      lobby.close();
    });

    it('is not raised if registering fails, or for someone who was no guest before', async () => {
      const { id } = await roomOf(ada, [bob]);
      const taken = (await register(await guest(url, 'eve'))).user.username;
      const refused = await bob.post('/auth/register', { username: taken, password: 'correct horse' });
      expect(refused.status).toBe(409);
      expect((await logOf(ada, id)).map(({ type }) => type)).toEqual(['user_joined']);
      expect((await bob.get('/auth/me')).body.user).toEqual(bob.user);
    });

    it('comes before everything that shows the new name: presence and further joins', async () => {
      const { id } = await roomOf(ada, [bob]);
      const his = await listen(url, bob, id);
      const hers = await listen(url, ada, id);
      const closed = his.closed();
      const he = await register(bob);
      await closed;
      const back = await listen(url, he, id);
      expect(his.ofType('user_updated')).toHaveLength(1);
      await hers.next('user_updated');
      await hers.until(
        () => hers.sequences.at(-1)! >= back.ofType('connection_established')[0]!.data.sequence,
      );
      expect(shown(hers.logged, bob.user.id)).toEqual([he.user.username]);
      expect((await stateOf(ada, id)).room.online_users).toContainEqual(he.user);
      for (const listener of [hers, back]) listener.close();
    });

    it('or user_joined tells each room the name, if a guest registers while joining rooms', async () => {
      const rooms = await Promise.all(Array.from({ length: 100 }, () => roomOf(ada)));
      for (let round = 0; round < 3; round += 1) {
        const eve = await guest(url, `eve ${round}`);
        let registered = false;
        const registering = eve
          .post('/auth/register', { username: `Eve ${++names} of all rooms`, password: 'correct horse' })
          .finally(() => (registered = true));
        const joined: string[] = [];
        const waiting = rooms.map(({ id }) => id);
        const join = async () => {
          for (let id = waiting.pop(); id !== undefined && !registered; id = waiting.pop()) {
            const { status } = await eve.post(`/rooms/${id}/join`);
            // Her token is revoked once she has registered.
            expect([200, 401]).toContain(status);
            if (status === 200) joined.push(id);
          }
        };
        await Promise.all([join(), join(), join(), join()]);
        expect([201, 503]).toContain((await registering).status);
        expect(joined.length).toBeGreaterThan(3);
        for (const id of joined) {
          const { participants } = (await stateOf(ada, id)).room;
          const now = participants.find((participant) => participant.id === eve.user.id)!;
          expect(shown(await logOf(ada, id), eve.user.id).at(-1)).toBe(now.username);
        }
      }
    }, 60_000);
  });
});

/** The names under which a user is shown in events about them, in order, each once in a row. */
function shown(events: readonly Envelope[], userId: string): string[] {
  const users = events.flatMap(({ data }) => ('user' in data && data.user ? [data.user] : []));
  const usernames = users.filter(({ id }) => id === userId).map(({ username }) => username);
  return usernames.filter((username, index) => username !== usernames[index - 1]);
}
