import type { InvitePreviewAnswer, PreviewAnswer } from '../contract.js';
import { addressOf, type ServerAddress } from './address.js';
import { request } from './request.js';

const ofRoom = (address: ServerAddress, roomId: string): Promise<PreviewAnswer> =>
  request(address, 'GET', `/rooms/${encodeURIComponent(roomId)}/preview`);

/**
 * What a room looks like before joining it, without a token: a public room, or the one that an invite admits to.
 * @throws {RoomcastError} room_not_found, invite_not_found, rate_limited
 */
export function preview(url: string | URL, of: { readonly roomId: string }): Promise<PreviewAnswer>;
export function preview(url: string | URL, of: { readonly invite: string }): Promise<InvitePreviewAnswer>;
export function preview(
  url: string | URL,
  of: { readonly roomId: string } | { readonly invite: string },
): Promise<PreviewAnswer>;
export async function preview(
  url: string | URL,
  of: { readonly roomId: string } | { readonly invite: string },
): Promise<PreviewAnswer> {
  const address = addressOf(url);
  return 'roomId' in of
    ? ofRoom(address, of.roomId)
    : request(address, 'GET', `/invites/${encodeURIComponent(of.invite)}`);
}

/** The same with an address that is known. */
export const previewRoom = async (address: ServerAddress, roomId: string): Promise<PreviewAnswer['room']> =>
  (await ofRoom(address, roomId)).room;
