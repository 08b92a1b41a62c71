import { Body, Controller, Get, HttpCode, Post } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import { rest } from '../contract/index.js';
import { Answers, Refuses } from '../errors/documented.js';
import { CredentialsDto, GuestDto, LoginDto } from './auth.dto.js';
import { AuthService } from './auth.service.js';
import { LimitRate } from './rate-limit.decorator.js';
import { type Caller, CurrentCaller, OptionalCaller, OptionalToken, Public } from './caller.js';

/** Guessing passwords costs the guesser time; opening accounts in masses too. */
const perMinute = (name: string, limit: number) => LimitRate({ name, limit, seconds: 60 });

@ApiTags('auth')
@Controller('auth')
export class AuthController {
  constructor(private readonly auth: AuthService) {}

  @ApiOperation({ summary: 'Enter as a guest' })
  @Answers(201, rest.SignedIn, 'Signed in.')
  @Refuses('malformed', 'invalid_field', 'rate_limited')
  @Public()
  @perMinute('guests', 600)
  @Post('guest')
  guest(@Body() { username }: GuestDto) {
    return this.auth.guest(username);
  }

  @ApiOperation({
    summary: 'Register',
    description: "With a guest's token, that guest becomes the registered user.",
  })
  @ApiBearerAuth()
  @Answers(201, rest.SignedIn, 'Registered and signed in.')
  @Refuses(
    'malformed',
    'unauthorized',
    'username_taken',
    'already_registered',
    'invalid_field',
    'rate_limited',
  )
  @OptionalToken()
  @perMinute('registrations', 120)
  @Post('register')
  register(@Body() credentials: CredentialsDto, @OptionalCaller() caller?: Caller) {
    return this.auth.register(credentials, caller);
  }

  @ApiOperation({ summary: 'Sign in' })
  @Answers(200, rest.SignedIn, 'Signed in.')
  @Refuses('malformed', 'invalid_credentials', 'invalid_field', 'rate_limited')
  @Public()
  @perMinute('logins', 60)
  @HttpCode(200)
  @Post('login')
  login(@Body() credentials: LoginDto) {
    return this.auth.login(credentials);
  }

  @ApiOperation({ summary: 'Who the token belongs to' })
  @ApiBearerAuth()
  @Answers(200, rest.Me)
  @Refuses('unauthorized')
  @Get('me')
  me(@CurrentCaller() { user, expiresAt }: Caller) {
    return { user, expires_at: expiresAt };
  }

  @ApiOperation({
    summary: 'A token that lasts longer',
    description: 'Of the same session: logout ends both.',
  })
  @ApiBearerAuth()
  @Answers(200, rest.SignedIn)
  @Refuses('unauthorized')
  @HttpCode(200)
  @Post('refresh')
  refresh(@CurrentCaller() caller: Caller) {
    return this.auth.refresh(caller);
  }

  @ApiOperation({
    summary: 'Sign out',
    description: "Revokes the session's tokens and closes their sockets.",
  })
  @ApiBearerAuth()
  @Answers(200, rest.Done)
  @Refuses('unauthorized')
  @HttpCode(200)
  @Post('logout')
  async logout(@CurrentCaller() caller: Caller) {
    await this.auth.logout(caller);
    return { ok: true };
  }

  @ApiOperation({
    summary: 'A token for media elements',
    description: 'Good for an hour, for reading streams, covers and metadata, for nothing else.',
  })
  @ApiBearerAuth()
  @Answers(201, rest.MediaTokenAnswer)
  @Refuses('unauthorized')
  @Post('media-token')
  mediaToken(@CurrentCaller() caller: Caller) {
    const { token, expires_at } = this.auth.mediaToken(caller);
    return { media_token: token, expires_at };
  }
}
