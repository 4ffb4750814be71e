# Completion for copyfile(1) in fish.

# Whether the subcommand, or "copy" where there is none, is one of the arguments.
function __copyfile_verb
    set -l words (commandline -opc)
    set -l verb copy
    if test (count $words) -gt 1; and contains -- $words[2] range probe map sweep store
        set verb $words[2]
    end
    contains -- $verb $argv
end

function __copyfile_first
    test (count (commandline -opc)) -eq 1
end

complete -c copyfile -n __copyfile_first -a range -d 'Copy ranges'
complete -c copyfile -n __copyfile_first -a probe -d 'Tell which ways there are to copy'
complete -c copyfile -n __copyfile_first -a map -d 'Draw where data and holes are'
complete -c copyfile -n __copyfile_first -a sweep -d 'Remove what interrupted copies left'
complete -c copyfile -n __copyfile_first -a store -d 'A repository of known-good files'

# What is copied
complete -c copyfile -n '__copyfile_verb copy' -s a -l archive -d 'Copy trees with all that they have'
complete -c copyfile -n '__copyfile_verb copy' -s r -s R -l recursive -d 'Copy directories'
complete -c copyfile -n '__copyfile_verb copy' -s H -d 'Follow symbolic links that are operands'
complete -c copyfile -n '__copyfile_verb copy' -s L -l dereference -d 'Follow all symbolic links'
complete -c copyfile -n '__copyfile_verb copy' -s P -l no-dereference -d 'Follow no symbolic links'
complete -c copyfile -n '__copyfile_verb copy' -s d -d 'Follow no symbolic links, preserve hard links'
complete -c copyfile -n '__copyfile_verb copy' -s x -l one-file-system -d 'Stay on the file system of each source'
complete -c copyfile -n '__copyfile_verb copy' -l copy-contents -d 'In trees, read pipes and devices'
complete -c copyfile -n '__copyfile_verb copy' -x -l exclude -d 'Leave out what matches'
complete -c copyfile -n '__copyfile_verb copy' -x -l include -d 'Do not leave out what matches'
complete -c copyfile -n '__copyfile_verb copy' -r -F -l exclude-from -d 'Leave out what matches a line'
complete -c copyfile -n '__copyfile_verb copy' -r -F -l include-from -d 'Do not leave out what matches a line'
complete -c copyfile -n '__copyfile_verb copy' -r -F -l files-from -d 'Copy only what a file names'
complete -c copyfile -n '__copyfile_verb copy' -l from0 -d 'Lines of these files end in NUL'
complete -c copyfile -n '__copyfile_verb copy' -l strip-trailing-slashes -d 'Of each source'

# What the copy is
complete -c copyfile -n '__copyfile_verb copy' -s l -l link -d 'Make hard links'
complete -c copyfile -n '__copyfile_verb copy' -s s -l symbolic-link -d 'Make symbolic links'
complete -c copyfile -n '__copyfile_verb copy' -l attributes-only -d 'Do not copy the data'
complete -c copyfile -n '__copyfile_verb copy' -s Z -d 'Give the context that the policy says'
complete -c copyfile -n '__copyfile_verb copy' -f -l context -d 'Give a security context'
complete -c copyfile -n '__copyfile_verb copy range probe' -f -l reflink -a 'auto always never' -d 'Share the data of the source'
complete -c copyfile -n '__copyfile_verb copy range probe' -x -l sparse -a 'auto always never' -d 'Holes of the copy'
complete -c copyfile -n '__copyfile_verb copy range probe' -x -l offload -a 'auto always' -d 'Move no byte through memory'
complete -c copyfile -n '__copyfile_verb copy range probe' -x -l no-offload -a '(__fish_complete_directories)' -d 'No copies by the storage on this mount'
complete -c copyfile -n '__copyfile_verb copy range' -x -l durability -a 'none ordered durable' -d 'What a crash may do'
complete -c copyfile -n '__copyfile_verb copy' -x -l sync -a 'auto files filesystem' -d 'How several files become stable'
complete -c copyfile -n '__copyfile_verb copy range' -l overwrite-device -d 'Allow a block device as destination'
complete -c copyfile -n '__copyfile_verb copy' -s p -d 'Preserve mode, ownership and timestamps'
set -l classes mode ownership timestamps links context xattr acl capabilities flags project verity all
complete -c copyfile -n '__copyfile_verb copy' -f -l preserve -a "$classes" -d 'Preserve metadata'
complete -c copyfile -n '__copyfile_verb copy' -x -l no-preserve -a "$classes" -d 'Do not preserve metadata'
complete -c copyfile -n '__copyfile_verb range' -r -F -l ranges -d 'Read ranges from a file'
complete -c copyfile -n '__copyfile_verb range' -l exact -d 'A range past the end of the source is an error'

# What it is checked for
complete -c copyfile -n '__copyfile_verb copy' -x -l digest -a 'sha256 xxh3' -d 'Print the digest of each copy'
complete -c copyfile -n '__copyfile_verb copy' -x -l expect -a 'sha256: xxh3:' -d 'The digest that the copy must have'
complete -c copyfile -n '__copyfile_verb copy' -r -F -l checksums -d 'The digests that the copies must have'
complete -c copyfile -n '__copyfile_verb copy' -l verify -d 'Read the copy back from the medium and compare'
complete -c copyfile -n '__copyfile_verb copy' -l allow-changes -d 'A source that changes is no error'

# Where it goes
complete -c copyfile -n '__copyfile_verb copy' -x -s t -l target-directory -a '(__fish_complete_directories)' -d 'Copy all into a directory'
complete -c copyfile -n '__copyfile_verb copy' -s T -l no-target-directory -d 'Treat the destination as a file'
complete -c copyfile -n '__copyfile_verb copy' -l parents -d 'Use the full name of each source'
complete -c copyfile -n '__copyfile_verb copy' -l keep-directory-symlink -d 'Follow links to directories in the destination'

# What becomes of files that are there
complete -c copyfile -n '__copyfile_verb copy' -s i -l interactive -d 'Ask before a file is replaced'
complete -c copyfile -n '__copyfile_verb copy' -s n -l no-clobber -d 'Do not replace existing files'
complete -c copyfile -n '__copyfile_verb copy' -s u -d 'Replace only what is older'
complete -c copyfile -n '__copyfile_verb copy' -f -l update -a 'all none none-fail older' -d 'Replace only some'
complete -c copyfile -n '__copyfile_verb copy' -s f -l force -d 'Remove what cannot be opened for writing'
complete -c copyfile -n '__copyfile_verb copy' -l remove-destination -d 'Remove existing files first'
complete -c copyfile -n '__copyfile_verb copy' -s b -d 'Keep existing files under another name'
complete -c copyfile -n '__copyfile_verb copy' -f -l backup -a 'none off simple never existing nil numbered t' -d 'Keep existing files'
complete -c copyfile -n '__copyfile_verb copy' -x -s S -l suffix -d 'Suffix of backups'
complete -c copyfile -n '__copyfile_verb copy' -l in-place -d 'Write to existing files'

# What a sweep does
complete -c copyfile -n '__copyfile_verb sweep' -s r -l recursive -d 'The directories below as well'
complete -c copyfile -n '__copyfile_verb sweep' -l dry-run -d 'Remove nothing'
complete -c copyfile -n '__copyfile_verb sweep' -s f -l force -d 'Also files that cannot be locked'

# How it goes
complete -c copyfile -n '__copyfile_verb copy' -x -s j -l jobs -d 'At most so many files at a time'
complete -c copyfile -n '__copyfile_verb copy' -l resume -d 'Go on with an interrupted copy'
complete -c copyfile -n '__copyfile_verb copy' -x -l on-error -a 'stop continue' -d 'After a failure'
complete -c copyfile -n '__copyfile_verb copy' -l dry-run -d 'Copy nothing, tell what would be copied'
complete -c copyfile -n '__copyfile_verb copy range probe' -x -l cache -a 'auto keep bypass' -d 'What becomes of the page cache'
complete -c copyfile -n '__copyfile_verb copy range' -x -l limit-rate -d 'At most so many bytes a second'
complete -c copyfile -n '__copyfile_verb copy range' -l progress -d 'Show progress at once'

# What is told
complete -c copyfile -n '__copyfile_verb copy range sweep' -s v -l verbose -d 'Name what is copied'
complete -c copyfile -n '__copyfile_verb copy' -l debug -d 'One line more for each file, as cp --debug'
complete -c copyfile -n '__copyfile_verb copy range' -l explain -d 'The plan, what happened, and why nothing else did'
complete -c copyfile -n '__copyfile_verb copy range probe map sweep' -l json -d 'One JSON object a line'
complete -c copyfile -n '__copyfile_verb map' -r -F -l svg -d 'Draw into a file'
complete -c copyfile -n '__copyfile_verb map' -x -l width -d 'How wide to draw'
complete -c copyfile -l help -d 'Print a summary'
complete -c copyfile -n '__copyfile_verb copy' -l version -d 'Print the version'

# Whether the subcommand of the repository is one of the arguments; without any, whether it is still to come.
function __copyfile_store
    set -l words (commandline -opc)
    test "$words[2]" = store; or return 1
    if test (count $argv) -eq 0
        test (count $words) -eq 2; and return 0
        return 1
    end
    test (count $words) -gt 2; and contains -- $words[3] $argv
end

complete -c copyfile -n __copyfile_store -f -a init -d 'Make a repository'
complete -c copyfile -n __copyfile_store -f -a add -d 'Add files'
complete -c copyfile -n __copyfile_store -f -a get -d 'Take a file'
complete -c copyfile -n __copyfile_store -f -a cat -d 'Print files'
complete -c copyfile -n __copyfile_store -f -a export -d 'Give away all that has a name'
complete -c copyfile -n __copyfile_store -f -a verify -d 'Read everything again'
complete -c copyfile -n __copyfile_store -f -a repair -d 'Heal what is damaged'
complete -c copyfile -n __copyfile_store -f -a rebuild -d 'Make the index anew'
complete -c copyfile -n __copyfile_store -f -a names -d 'Print the names'
complete -c copyfile -n __copyfile_store -f -a ls -d 'Print the blobs'
complete -c copyfile -n __copyfile_store -f -a stat -d 'Print what is known of files'
complete -c copyfile -n __copyfile_store -f -a tag -d 'Give a name'
complete -c copyfile -n __copyfile_store -f -a rm -d 'Take a name away'
complete -c copyfile -n __copyfile_store -f -a gc -d 'Remove what has no name'
complete -c copyfile -n __copyfile_store -f -a du -d 'Print how much there is'
complete -c copyfile -n __copyfile_store -f -a manifest -d 'A list to be signed, or checked'
complete -c copyfile -n '__copyfile_store init' -x -l members -a 'owner readers group group-readers' -d 'Who may use it'
complete -c copyfile -n '__copyfile_store add' -x -l expect -d 'The digest that the file must have'
complete -c copyfile -n '__copyfile_store add' -r -F -l checksums -d 'The digests that the files must have'
complete -c copyfile -n '__copyfile_store add' -x -l name -d 'Its name'
complete -c copyfile -n '__copyfile_store add' -x -l tag -d 'One more name'
complete -c copyfile -n '__copyfile_store add' -l named -d 'Name each by its last component'
complete -c copyfile -n '__copyfile_store add export manifest' -x -l prefix -d 'Names behind this one'
complete -c copyfile -n '__copyfile_store add' -s r -l recursive -d 'The files below directories'
complete -c copyfile -n '__copyfile_store add' -s f -l force -d 'Move names that other contents have'
complete -c copyfile -n '__copyfile_store add' -x -l max-size -d 'Refuse what is larger'
complete -c copyfile -n '__copyfile_store add verify repair' -x -s j -l jobs -d 'At most so many at a time'
complete -c copyfile -n '__copyfile_store add get export verify repair' -x -l limit-rate -d 'At most so many bytes a second'
complete -c copyfile -n '__copyfile_store add get export verify repair' -l progress -d 'Show progress at once'
complete -c copyfile -n '__copyfile_store add' -s q -l quiet -d 'Print no digests'
complete -c copyfile -n '__copyfile_store add get verify repair names ls stat gc du manifest' -l json -d 'One JSON object a line'
complete -c copyfile -n '__copyfile_store get' -l preserve -d 'Recorded mode and time'
complete -c copyfile -n '__copyfile_store get' -l trust-seal -d 'Believe the measurement of fs-verity'
complete -c copyfile -n '__copyfile_store get' -s f -l force -d 'Replace the destination'
complete -c copyfile -n '__copyfile_store get' -x -l reflink -a 'auto always never' -d 'Share the data'
complete -c copyfile -n '__copyfile_store get export' -x -l durability -a 'none ordered durable' -d 'What a crash may do'
complete -c copyfile -n '__copyfile_store get export verify repair gc' -s v -l verbose -d 'Print what is done'
complete -c copyfile -n '__copyfile_store export' -x -l as -a 'tree tar sha256sums' -d 'In which form'
complete -c copyfile -n '__copyfile_store verify' -l medium -d 'Read from the medium'
complete -c copyfile -n '__copyfile_store verify' -x -l sample -d 'Only this part of the blobs'
complete -c copyfile -n '__copyfile_store verify' -l resume -d 'Go on where it stopped'
complete -c copyfile -n '__copyfile_store verify' -l no-quarantine -d 'Leave what is damaged where it is'
complete -c copyfile -n '__copyfile_store repair' -x -l from -a '(__fish_complete_directories)' -d 'Where the right bytes may be'
complete -c copyfile -n '__copyfile_store repair' -l names -d 'Take names, too'
complete -c copyfile -n '__copyfile_store rebuild' -l blobs-only -d 'From the blobs alone'
complete -c copyfile -n '__copyfile_store tag' -s f -l force -d 'Move the name'
complete -c copyfile -n '__copyfile_store rm' -s f -l force -d 'Of a digest, all of its names'
complete -c copyfile -n '__copyfile_store gc' -x -l grace -d 'Leave what was added within this time'
complete -c copyfile -n '__copyfile_store gc' -l quarantine -d 'Also what is in quarantine'
complete -c copyfile -n '__copyfile_store gc' -l dry-run -d 'Remove nothing'
complete -c copyfile -n '__copyfile_store manifest' -r -F -l output -d 'Write into a file'
complete -c copyfile -n '__copyfile_store manifest' -r -F -l sign -d 'Sign it with this key'
complete -c copyfile -n '__copyfile_store manifest' -r -F -l check -d 'Compare with this manifest'
complete -c copyfile -n '__copyfile_store manifest' -r -F -l signers -d 'Who may sign'
complete -c copyfile -n '__copyfile_store manifest' -x -l identity -d 'Whose signature it must be'
complete -c copyfile -n '__copyfile_store manifest' -l unsigned -d 'Compare without a signature'
