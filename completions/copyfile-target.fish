# Completion for copyfile-target(8) in fish.

function __copyfile_target_ctl
    set -l words (commandline -opc)
    test (count $words) -gt 1; and test $words[2] = ctl
end

function __copyfile_target_first
    test (count (commandline -opc)) -eq 1
end

complete -c copyfile-target -n __copyfile_target_first -a ctl -d 'Ask a running target'
complete -c copyfile-target -n __copyfile_target_ctl -f
complete -c copyfile-target -n __copyfile_target_ctl -a 'status sessions luns copies snapshots snapshot clone remove drop reload drain'
complete -c copyfile-target -n __copyfile_target_ctl -l json -d 'Print JSON'
complete -c copyfile-target -l control -r -d 'Where ctl asks'
complete -c copyfile-target -l help -d 'Print a summary'
complete -c copyfile-target -n 'not __copyfile_target_ctl' -s c -l config -r -d 'What to serve, where and to whom'
complete -c copyfile-target -n 'not __copyfile_target_ctl' -l check -d 'Tell what is wrong with the configuration'
complete -c copyfile-target -n 'not __copyfile_target_ctl' -l log -x -a 'text json' -d 'How to log'
complete -c copyfile-target -n 'not __copyfile_target_ctl' -l portal -x -d 'Where to listen'
complete -c copyfile-target -n 'not __copyfile_target_ctl' -l name -x -d 'The iSCSI name of the target'
complete -c copyfile-target -n 'not __copyfile_target_ctl' -l block-size -x -a '512 4096' -d 'Of the disks'
complete -c copyfile-target -n 'not __copyfile_target_ctl' -l read-only -d 'Let nobody write'
complete -c copyfile-target -n 'not __copyfile_target_ctl' -l version -d 'Print the version'
