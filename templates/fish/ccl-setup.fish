# Written by ccl-setup, and written again when the setup changes; `ccl-setup uninstall` removes it.
# What Tab offers for ccl-setup: the program is asked, and asks the running engine.
function __ccl_setup_words
    set -l offered (command ccl-setup complete -- (commandline -opc) (commandline -ct) 2>/dev/null)
    if test "$offered" = :files
        __fish_complete_path (commandline -ct)
    else
        string join -- \n $offered
    end
end
complete -c ccl-setup -f -a '(__ccl_setup_words)'
