# Draws what the parts of the bench have measured, as SVG:
#
#   gnuplot -e "data='build/bench'; plots='docs/plots'" t/bench/plots.gp
#
# A part that was not run has no data file, and its plot is left as it is.

set datafile separator "\t"
set datafile columnheaders
set border 3 lc rgb '#555555'
set tics nomirror scale 0.6 textcolor rgb '#222222'
set grid ytics lc rgb '#dddddd' lt 1
set key textcolor rgb '#222222'

blue = '#2563a8'
orange = '#d9822b'
green = '#2e8b57'
red = '#c0392b'
purple = '#7b4fa3'

is_there(name) = int(system("test -s '".data."/".name.".tsv' && echo 1 || echo 0"))
file(name) = data."/".name.".tsv"
page(width, height) = sprintf("set terminal svg size %d,%d font 'sans-serif,13' background '#ffffff'", width, height)

# CPU for each push: one group of bars for each server
if (is_there("cpu")) {
    eval page(760, 360)
    set output plots."/cpu.svg"
    set title 'CPU time for each push, 64 connections'
    set style data histograms
    set style histogram clustered gap 1
    set style fill solid border lc rgb '#ffffff'
    set boxwidth 0.9
    set ylabel 'microseconds'
    stats file("cpu") using 2 nooutput
    set xrange [-0.6:STATS_records - 0.4]
    set yrange [0:STATS_max * 1.15]
    set key top left
    plot file("cpu") using 2:xtic(1) title 'server (nginx or node)' lc rgb blue, \
         '' using 3 title 'Redis' lc rgb orange, \
         '' using ($0 - 0.17):2:(sprintf('%.1f', $2)) with labels offset 0, 0.6 notitle, \
         '' using ($0 + 0.17):($3 > 0 ? $3 : 1/0):(sprintf('%.1f', $3)) with labels offset 0, 0.6 notitle
    unset output
    set xrange [*:*]
}

# throughput and latency over connections
if (is_there("connections")) {
    eval page(900, 360)
    set output plots."/connections.svg"
    set style data linespoints
    set logscale x 2
    set xlabel 'connections'
    set xrange [12:5500]
    set xtics (16, 64, 256, 1024, 4096)
    set multiplot layout 1,2
    set title 'Throughput'
    set ylabel 'pushes a second'
    set yrange [0:*]
    set format y '%.0f'
    unset key
    plot file("connections") using 1:2 lw 2 pt 7 ps 0.6 lc rgb blue
    set title 'Time of a push, closed loop'
    set ylabel 'milliseconds'
    set yrange [*:*]
    set logscale y
    set format y '%g'
    set key top left
    plot file("connections") using 1:3 title 'p50' lw 2 pt 7 ps 0.6 lc rgb blue, \
         '' using 1:4 title 'p99' lw 2 pt 7 ps 0.6 lc rgb orange
    unset multiplot
    unset output
    unset logscale
    set xrange [*:*]
}

# latency over load, in an open model
if (is_there("latency-off") && is_there("latency-everysec") && is_there("latency-always")) {
    eval page(900, 380)
    set output plots."/latency.svg"
    set style data linespoints
    set logscale y
    set xlabel 'pushes a second'
    set xrange [0:*]
    set xtics autofreq
    set yrange [*:1000]
    set format x '%.0f'
    set format y '%g'
    set key top left Left reverse
    set ylabel 'milliseconds'
    set multiplot layout 1,2
    do for [column in "3 4"] {
        set title column eq '3' ? 'Median (p50)' : '99th percentile (p99)'
        plot file("latency-off") using 2:int(column) title 'no append-only file' lw 2 pt 7 ps 0.6 lc rgb blue, \
             file("latency-everysec") using 2:int(column) title 'appendfsync everysec' lw 2 pt 5 ps 0.6 lc rgb orange, \
             file("latency-always") using 2:int(column) title 'appendfsync always' lw 2 pt 9 ps 0.6 lc rgb purple
    }
    unset multiplot
    unset output
    unset logscale
    set xrange [*:*]
}

# an outage: left without opscom_redis_retry, right with it
if (is_there("outage-off") && is_there("outage-5s")) {
    eval page(900, 520)
    set output plots."/outage.svg"
    set style fill solid noborder
    set style data filledcurves x1
    set xrange [-2:6]
    set xtics 1
    set format '%g'
    set object 1 rectangle from 0, graph 0 to 2, graph 1 fc rgb '#eeeeee' fs solid noborder behind
    set multiplot layout 2,2 columnsfirst
    do for [retry in "off 5s"] {
        set title 'opscom\_redis\_retry '.retry
        set xlabel ''
        set ylabel 'pushes a second, by status'
        set yrange [0:2000]
        set ytics 500
        set key top right horizontal maxrows 1 samplen 0.8 width -5
        plot file("outage-".retry) using 1:($2 + $3 + $4 + $5) title 'no answer' lc rgb '#222222', \
             '' using 1:($2 + $3 + $4) title '504' lc rgb purple, \
             '' using 1:($2 + $3) title '503' lc rgb red, \
             '' using 1:2 title '200' lc rgb green
        unset title
        set xlabel 'seconds since Redis was killed'
        set ylabel 'longest time, milliseconds'
        set yrange [0:3000]
        set ytics 1000
        unset key
        set label 1 'Redis away' at 1, graph 0.92 center textcolor rgb '#333333'
        plot file("outage-".retry) using 1:6 lc rgb blue
        unset label 1
    }
    unset multiplot
    unset output
}
