import type { RoomSummary } from '../contract.js';
import type { RoomcastEvent } from '../wire.js';

/** The rooms of the lobby, newest first. */
export type LobbyRooms = readonly RoomSummary[];

const newestFirst = (a: RoomSummary, b: RoomSummary): number => (a.id < b.id ? 1 : a.id > b.id ? -1 : 0);

/** The rooms after an event of the lobby; the same list if it changes nothing. Pure. */
export function foldLobby(rooms: LobbyRooms, event: RoomcastEvent): LobbyRooms {
  if (event.type === 'room_created') {
    const { room } = event.data;
    return [...rooms.filter(({ id }) => id !== room.id), room].sort(newestFirst);
  }
  if (event.type === 'room_deleted') {
    const { id } = event.data.room;
    return rooms.some((room) => room.id === id) ? rooms.filter((room) => room.id !== id) : rooms;
  }
  if (event.type === 'room_state_updated') {
    const { room } = event.data;
    return rooms.map((known) => (known.id === room.id ? { ...known, ...room } : known));
  }
  return rooms;
}
