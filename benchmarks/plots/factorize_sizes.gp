# SPDX-License-Identifier: Apache-2.0
#
# usage: gnuplot benchmarks/plots/factorize_sizes.gp
#
# Draws benchmarks/results/factorize_sizes.txt, which `run.sh factorize_sizes --save` writes: seconds
# of the SVD of an n x n matrix against n, into factorize_sizes.svg beside it.
table = 'benchmarks/results/factorize_sizes.txt'
contenders = system("awk 'NF >= 3 && $1 ~ /^[0-9]+$/ && !seen[$2]++ { print $2 }' " . table)
points_of(name) = sprintf("< awk -v by='%s' '$2 == by && $1 ~ /^[0-9]+$/ { print $1, $3 }' %s " . \
                          "| sort -n", name, table)

set terminal svg size 800,520 font 'sans,12' background rgb 'white'
set output 'benchmarks/results/factorize_sizes.svg'
set title 'Thin SVD of one n x n matrix in float32'
set xlabel 'n'
set ylabel 'seconds'
set logscale xy
set format y '10^{%T}'
set xtics (64, 128, 256, 512, 1024, 2048, 4096)
set xrange [56:4700]
set grid lc rgb '#dddddd'
set key top left noenhanced
colours = '#0072b2 #56b4e9 #d55e00 #e69f00 #009e73 #999999'
plot for [i=1:words(contenders)] points_of(word(contenders, i)) \
  with linespoints lw 2 pt 7 ps 0.6 lc rgb word(colours, i) title word(contenders, i)
