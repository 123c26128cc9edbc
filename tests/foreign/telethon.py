"""Telethon, unchanged, against a running sandbox: an independent client must find nothing amiss.

Reads the sandbox's JSON line from standard input and prints one line for each thing that went well.
Needs Telethon 1.45.0 (layer 229).
"""

import asyncio
import json
import sys

# This file has the library's own name: its folder must not be searched for it.
sys.path.pop(0)

from telethon import TelegramClient, errors, events, functions, types
from telethon.crypto import AuthKey
from telethon.network import ConnectionTcpAbridged, ConnectionTcpFull, ConnectionTcpIntermediate
from telethon.sessions import MemorySession

PATIENCE = 30


def client(line, key, connection=ConnectionTcpFull):
    host, port = line["address"].rsplit(":", 1)
    session = MemorySession()
    session.set_dc(line["dc_id"], host, int(port))
    session.auth_key = AuthKey(bytes.fromhex(key))
    return TelegramClient(
        session, 12345, "hash", connection=connection, request_retries=1, connection_retries=1, flood_sleep_threshold=0
    )


def first(line, kind, *needed):
    return next(a for a in line["accounts"] if a["kind"] == kind and all(n in a for n in needed))


def peer(line):
    return types.InputPeerChannel(line["group"]["id"], line["group"]["access_hash"])


async def observe(line):
    """A user's key that is logged in already: dialogs, topics, history, a reply, an event."""
    agent = first(line, "agent")
    async with client(line, agent["auth_key"]) as user:
        me = await user.get_me()
        assert me.id == agent["id"], me
        forums = [d for d in await user.get_dialogs() if getattr(d.entity, "forum", False)]
        assert [d.entity.id for d in forums] == [line["group"]["id"]], forums
        print("ok: dialogs")
        listed = await user(functions.messages.GetForumTopicsRequest(peer(line), 0, 0, 0, 100))
        topics = [t for t in listed.topics if t.id != 1 and not t.closed]
        assert topics, listed
        topic = topics[0]
        whole = [m async for m in user.iter_messages(peer(line), reply_to=topic.id)]
        assert whole and all(m.id == topic.id or m.reply_to.forum_topic for m in whole), whole
        everything = [m async for m in user.iter_messages(peer(line), limit=None)]
        assert len(everything) >= len(whole), everything
        print("ok: topics and history")

        heard = asyncio.get_running_loop().create_future()
        async with client(line, first(line, "bot", "token")["auth_key"], ConnectionTcpIntermediate) as bot:

            @bot.on(events.NewMessage)
            async def _(event):
                if not heard.done() and event.raw_text == "Written with Telethon":
                    heard.set_result(event.message)

            await bot.get_me()
            sent = await user.send_message(peer(line), "Written with Telethon", reply_to=topic.id)
            message = await asyncio.wait_for(heard, PATIENCE)
            assert message.id == sent.id and message.reply_to.reply_to_msg_id == topic.id, message
            print("ok: a reply and its event")
            found = await bot.get_messages(peer(line), ids=[sent.id, 2_000_000])
            assert found[0].raw_text == "Written with Telethon" and found[1] is None, found
            await user.edit_message(peer(line), sent.id, "Edited with Telethon")
            changed = await bot.get_messages(peer(line), ids=sent.id)
            assert changed.raw_text == "Edited with Telethon" and changed.edit_date, changed
            await user.delete_messages(peer(line), [sent.id])
            assert await bot.get_messages(peer(line), ids=sent.id) is None
            print("ok: edited and deleted")


async def log_in_as_bot(line):
    """A free key, a bot's token, and what is not for bots."""
    account = first(line, "bot", "token")
    bot = client(line, line["free_keys"][-1], ConnectionTcpAbridged)
    await bot.connect()
    try:
        await bot.sign_in(bot_token="1:wrong")
        raise AssertionError("a wrong token was taken")
    except errors.AccessTokenInvalidError:
        pass
    me = await bot.sign_in(bot_token=account["token"])
    assert me.id == account["id"] and me.bot, me
    try:
        await bot(functions.messages.GetHistoryRequest(peer(line), 0, None, 0, 10, 0, 0, 0))
        raise AssertionError("a bot read the history")
    except errors.BotMethodInvalidError:
        pass
    full = await bot(functions.channels.GetFullChannelRequest(types.InputChannel(peer(line).channel_id, peer(line).access_hash)))
    assert full.full_chat.pts > 1, full
    people = [p async for p in bot.iter_participants(peer(line), filter=types.ChannelParticipantsAdmins())]
    assert any(p.id == me.id for p in people), people
    await bot.log_out()
    print("ok: a bot logs in and out")


async def log_in_as_user(line):
    """Phone, code, password."""
    account = first(line, "agent", "phone", "password")
    user = client(line, line["free_keys"][-2])
    await user.connect()
    await user.send_code_request(account["phone"])
    try:
        await user.sign_in(account["phone"], "00000")
        raise AssertionError("a wrong code was taken")
    except errors.PhoneCodeInvalidError:
        pass
    try:
        await user.sign_in(account["phone"], account["code"])
        raise AssertionError("no password was asked for")
    except errors.SessionPasswordNeededError:
        pass
    try:
        await user.sign_in(password="wrong")
        raise AssertionError("a wrong password was taken")
    except errors.PasswordHashInvalidError:
        pass
    me = await user.sign_in(password=account["password"])
    assert me.id == account["id"], me
    await user.log_out()
    print("ok: a user logs in with a password")


async def main():
    line = json.loads(sys.stdin.readline())
    await observe(line)
    await log_in_as_bot(line)
    await log_in_as_user(line)
    print("ok: all")


asyncio.run(main())
