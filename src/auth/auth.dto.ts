import { Length, IsString } from 'class-validator';
import { IsLine } from '../errors/text.decorator.js';
import { IsName } from '../names/name.decorator.js';
import { longestUsername } from './usernames.js';

/** Body of `POST /api/auth/guest`. */
export class GuestDto {
  /**
   * What the others see: 1 to 32 characters (code points, after NFKC). Where a registered user has a name that looks
   * the same, it gets a discriminator: `ada#3f2a`.
   * @example 'ada'
   */
  @IsName(1, longestUsername)
  username!: string;
}

/** Body of `POST /api/auth/register`. */
export class CredentialsDto {
  /**
   * 1 to 32 characters (code points, after NFKC); no other registered user's may look the same.
   * @example 'ada'
   */
  @IsName(1, longestUsername)
  username!: string;

  /** 8 to 256 characters. @example 'correct horse battery staple' */
  @Length(8, 256)
  @IsString()
  password!: string;
}

/** Body of `POST /api/auth/login`. Checked less strictly than a registration, as rules for new names change. */
export class LoginDto {
  /** @example 'ada' */
  // Not held against the rules for new names: who registered before them still signs in.
  @IsLine(1, 4 * longestUsername)
  username!: string;

  /** @example 'correct horse battery staple' */
  @Length(1, 256)
  @IsString()
  password!: string;
}
