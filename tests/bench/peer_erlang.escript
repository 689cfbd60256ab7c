#!/usr/bin/env escript
%% peer_erlang.escript MEASURE COUNT PAUSE_US [ECHO]: 64 bytes there and back, to a process in the same VM (call) or
%% to a program behind a port (port; ECHO is that program). Prints samples as the others do: see samples.h.
-mode(compile).

main([Measure, Count, PauseUs | Echo]) ->
    Block = binary:copy(<<"b">>, 64),
    {Trip, Batch} = peer(Measure, Block, Echo),
    N = list_to_integer(Count),
    [sample(Trip, Batch, 0) || _ <- lists:seq(1, N div 10 + 1)],
    Samples = [sample(Trip, Batch, list_to_integer(PauseUs)) || _ <- lists:seq(1, N)],
    [io:format("~.1f~n", [S]) || S <- Samples].

sample(Trip, Batch, PauseUs) ->
    pause(PauseUs),
    Began = erlang:monotonic_time(),
    repeat(Trip, Batch),
    erlang:convert_time_unit(erlang:monotonic_time() - Began, native, nanosecond) / Batch.

repeat(_, 0) -> ok;
repeat(Trip, N) -> Trip(), repeat(Trip, N - 1).

pause(0) -> ok;
pause(Us) -> timer:sleep(Us div 1000).

%% A call as gen_server makes it, with its monitor.
peer("call", Block, _) ->
    Pid = spawn_link(fun serve/0),
    Trip = fun() ->
                   Ref = monitor(process, Pid),
                   Pid ! {self(), Ref, Block},
                   receive {Ref, _} -> demonitor(Ref, [flush]) end
           end,
    {Trip, 20};
peer("port", Block, [Echo]) ->
    Port = open_port({spawn_executable, Echo}, [{args, ["echo"]}, binary, stream, use_stdio]),
    {fun() -> port_command(Port, Block), from(Port, byte_size(Block)) end, 1}.

serve() ->
    receive {From, Ref, Block} -> From ! {Ref, Block} end,
    serve().

from(_, 0) -> ok;
from(Port, Left) -> receive {Port, {data, Bytes}} -> from(Port, Left - byte_size(Bytes)) end.
