import { Length, IsString } from 'class-validator';
import { IsLine } from '../errors/text.decorator.js';
import { IsName } from '../names/name.decorator.js';
import { maxUsernameLength } from './usernames.js';

/** The body of `POST /auth/guest`. */
export class GuestDto {
  /**
   * 1 to 32 characters (code points, after NFKC). If it looks like the name of a registered user, a discriminator is
   * appended: `ada#3f2a`.
   * @example 'ada'
   */
  @IsName(1, maxUsernameLength)
  username!: string;
}

/** The body of `POST /auth/register`. */
export class CredentialsDto {
  /**
   * 1 to 32 characters (code points, after NFKC). Must not look like the name of another registered user.
   * @example 'ada'
   */
  @IsName(1, maxUsernameLength)
  username!: string;

  /** 8 to 256 characters. @example 'correct horse battery staple' */
  @Length(8, 256)
  @IsString()
  password!: string;
}

/** The body of `POST /auth/login`. */
export class LoginDto {
  /** @example 'ada' */
  // Not validated as a new name: users who registered under earlier rules can still sign in.
  @IsLine(1, 4 * maxUsernameLength)
  username!: string;

  /** @example 'correct horse battery staple' */
  @Length(1, 256)
  @IsString()
  password!: string;
}
